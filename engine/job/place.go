package job

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sync/errgroup"

	"github.com/personagen/personagen/engine/job/store"
)

// content is what an object should hold.
type content struct {
	Sealed
	open func() (io.ReadSeekCloser, error)
}

func inMemory(name string, data []byte) content {
	return content{seal(name, data), func() (io.ReadSeekCloser, error) { return nopCloser{bytes.NewReader(data)}, nil }}
}

type nopCloser struct{ io.ReadSeeker }

func (nopCloser) Close() error { return nil }

// inFile is content in a local file, with the hash of what should be there.
func inFile(of Sealed, path string) content {
	return content{of, func() (io.ReadSeekCloser, error) { return os.Open(path) }}
}

// place puts data under a name: see put.
func (s *session) place(ctx context.Context, name string, data []byte) error {
	return s.put(ctx, inMemory(name, data))
}

// mend is advice about objects that are not what they should be.
const mend = "once no part is in the making, job sweep --unfinished removes what was changed, so that job part and job reduce make it again"

// put puts an object that every attempt makes alike. If there is one already, it must be
// the same. What was put is read back; what is not as it should be is removed again, so
// that another attempt can succeed.
func (s *session) put(ctx context.Context, of content) error {
	from, err := of.open()
	if err != nil {
		return err
	}
	defer from.Close()
	err = s.store.PutIfAbsent(ctx, of.Name, from, of.Bytes)
	existed := errors.Is(err, store.ErrExists)
	if err != nil && !existed {
		return err
	}
	found, err := s.read(ctx, of.Name)
	switch {
	case err != nil:
		return err
	case found == of.Sealed:
		return nil
	case existed:
		return fmt.Errorf("%w: %s is there, with %s (%.12s), and this attempt made %s (%.12s): the program is not the same, a machine is not to be trusted, or the object was changed; %s",
			ErrDiffers, of.Name, size(found.Bytes), found.SHA256, size(of.Bytes), of.SHA256, mend)
	}
	wrong := fmt.Errorf("%s: what the store returns is not what was written", of.Name)
	return errors.Join(wrong, s.store.Remove(ctx, of.Name))
}

func size(n int64) string { return fmt.Sprintf("%d bytes", n) }

// read reads an object and returns its size and hash.
func (s *session) read(ctx context.Context, name string) (Sealed, error) {
	in, err := s.store.Get(ctx, name)
	if err != nil {
		return Sealed{}, err
	}
	defer in.Close()
	h := newSum()
	_, err = io.Copy(h, in)
	return h.sealed(name), err
}

// changed reads objects and returns those that are not as they were sealed, in their order.
// Those that are absent are left out.
func (s *session) changed(ctx context.Context, objects []Sealed) ([]Sealed, error) {
	differ := make([]bool, len(objects))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(inFlight)
	for i, of := range objects {
		g.Go(func() error {
			found, err := s.read(ctx, of.Name)
			if errors.Is(err, store.ErrAbsent) {
				return nil
			}
			differ[i] = found != of
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var out []Sealed
	for i, of := range objects {
		if differ[i] {
			out = append(out, of)
		}
	}
	return out, nil
}

// gone is the error of an object that a receipt names and that is absent.
func gone(name string) error {
	return fmt.Errorf("%w: %s is missing; make it again with job part and then job reduce", ErrIncomplete, name)
}

// load reads an object whose hash is known.
func (s *session) load(ctx context.Context, of Sealed, most int64) ([]byte, error) {
	data, err := store.ReadAll(ctx, s.store, of.Name, most)
	if errors.Is(err, store.ErrAbsent) {
		return nil, gone(of.Name)
	}
	if err == nil && seal(of.Name, data) != of {
		err = fmt.Errorf("%w: %s is not the one that its receipt names; %s", ErrDiffers, of.Name, mend)
	}
	return data, err
}

// document reads a document of this package, and reports whether there is one.
func (s *session) document(ctx context.Context, name string, to any) (bool, error) {
	data, err := store.ReadAll(ctx, s.store, name, mostDocument)
	if errors.Is(err, store.ErrAbsent) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := strict(data, to); err != nil {
		return false, fmt.Errorf("%w: %s: %v; %s", ErrSealed, name, err, mend)
	}
	return true, nil
}

// placeDocument puts a document.
func (s *session) placeDocument(ctx context.Context, name string, v any) error {
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err
	}
	return s.place(ctx, name, append(data, '\n'))
}
