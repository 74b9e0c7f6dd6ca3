package store

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
)

// memory keeps objects in memory.
type memory struct {
	mu  sync.Mutex
	all map[string][]byte
}

// Memory returns an empty store in memory.
func Memory() Store { return &memory{all: map[string][]byte{}} }

func (m *memory) String() string { return "memory" }

func (m *memory) put(name string, from io.Reader, size int64, absent bool) error {
	if err := checkName(name); err != nil {
		return err
	}
	data, err := io.ReadAll(from)
	if err == nil && int64(len(data)) != size {
		err = fmt.Errorf("%s: got %d bytes of %d", name, len(data), size)
	}
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, exists := m.all[name]; exists && absent {
		return fmt.Errorf("%s: %w", name, ErrExists)
	}
	m.all[name] = data
	return nil
}

func (m *memory) Put(_ context.Context, name string, from io.ReadSeeker, size int64) error {
	return m.put(name, from, size, false)
}

func (m *memory) PutIfAbsent(_ context.Context, name string, from io.ReadSeeker, size int64) error {
	return m.put(name, from, size, true)
}

func (m *memory) get(name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, exists := m.all[name]
	if !exists {
		return nil, fmt.Errorf("%s: %w", name, ErrAbsent)
	}
	return data, nil
}

func (m *memory) Get(_ context.Context, name string) (io.ReadCloser, error) {
	data, err := m.get(name)
	return io.NopCloser(bytes.NewReader(data)), err
}

func (m *memory) Range(_ context.Context, name string, at, n int64) ([]byte, error) {
	data, err := m.get(name)
	if err != nil {
		return nil, err
	}
	if at < 0 || n < 0 || at+n > int64(len(data)) {
		return nil, fmt.Errorf("%s: %w", name, io.ErrUnexpectedEOF)
	}
	return slices.Clone(data[at : at+n]), nil
}

func (m *memory) List(_ context.Context, prefix string) iter.Seq2[Object, error] {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []Object
	for _, name := range slices.Sorted(maps.Keys(m.all)) {
		if strings.HasPrefix(name, prefix) {
			found = append(found, Object{name, int64(len(m.all[name]))})
		}
	}
	return func(yield func(Object, error) bool) {
		for _, o := range found {
			if !yield(o, nil) {
				return
			}
		}
	}
}

func (m *memory) Remove(_ context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.all, name)
	return nil
}
