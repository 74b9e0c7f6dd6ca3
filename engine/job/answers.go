package job

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/personagen/personagen/engine/journal"
)

const (
	// groupWait is how long accepted answers wait for others: an upload takes longer than a
	// sync.
	groupWait = 100 * time.Millisecond
	// segmentBytes is the size at which another segment is started. The last one is put
	// again with each group.
	segmentBytes = 256 << 10
)

// uploader puts the accepted answers of an attempt into the store. It is called by the
// journal, one group at a time.
type uploader struct {
	*session
	ctx     context.Context
	folder  string
	number  int
	segment []byte
}

// add puts the segment again with further frames, or starts one.
func (u *uploader) add(frames []byte) error {
	if len(u.segment) == 0 || len(u.segment) >= segmentBytes {
		u.number++
		u.segment = append(u.segment[:0], journal.Magic()...)
	}
	u.segment = append(u.segment, frames...)
	name := fmt.Sprintf("%s%06d.log", u.folder, u.number)
	return u.store.Put(u.ctx, name, bytes.NewReader(u.segment), int64(len(u.segment)))
}

// fetchJournal joins what attempts at a part have uploaded into one segment of a local
// journal.
func (s *session) fetchJournal(ctx context.Context, part int, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	var to *os.File
	for o, err := range s.store.List(ctx, journalFolder(part)) {
		if err != nil {
			return err
		}
		if to == nil {
			if to, err = os.Create(filepath.Join(dir, journal.FirstSegment)); err != nil {
				return err
			}
			defer to.Close()
			if _, err := to.Write(journal.Magic()); err != nil {
				return err
			}
		}
		if err := s.appendSegment(ctx, to, o.Name); err != nil {
			return err
		}
	}
	if to == nil {
		return nil
	}
	return to.Close()
}

// appendSegment appends the frames of an uploaded segment.
func (s *session) appendSegment(ctx context.Context, to io.Writer, name string) error {
	in, err := s.store.Get(ctx, name)
	if err != nil {
		return err
	}
	defer in.Close()
	magic := make([]byte, len(journal.Magic()))
	if _, err := io.ReadFull(in, magic); err != nil || !bytes.Equal(magic, journal.Magic()) {
		return fmt.Errorf("%w: %s is no segment of a journal", ErrSealed, name)
	}
	_, err = io.Copy(to, in)
	return err
}
