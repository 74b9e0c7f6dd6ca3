package job

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/job/store"
	"github.com/personagen/personagen/engine/journal"
	"github.com/personagen/personagen/engine/run"
)

// ledgers is the folder of what was sent in batches, by part: a chain of numbered links, which
// are frames of the ledger, and the index of each batch.
const ledgers = folder + "batches/"

func linkFolder(part int) string       { return fmt.Sprintf("%s%06d/log/", ledgers, part) }
func linkName(part, number int) string { return fmt.Sprintf("%s%09d", linkFolder(part), number) }
func askedFolder(part int) string      { return fmt.Sprintf("%s%06d/asked/", ledgers, part) }

// chain keeps the ledger of a part's batches in the store, and what the part was granted of the
// budget. A link is put only if its number is absent, and before what it says is done. So of
// attempts at the same part that go on at the same time, one sends batches: whoever adds a link
// that another did not read stops the other, which leaves its batches and its money to it. At
// most the batch that is made at that moment is paid for twice.
type chain struct {
	*session
	ctx     context.Context
	part    int
	attempt string
	journal string // local folder of the answers
	mu      sync.Mutex
	links   int            // that were read or added
	granted endpoint.Money // by all links
	broken  error          // why the local ledger may say more than the chain
}

// linkHead is the first line of a link. Frames of the ledger follow.
type linkHead struct {
	Attempt string         `json:"attempt"`
	Granted endpoint.Money `json:"granted,omitempty"` // less than 0 if it is handed back
}

// fetch makes the local ledger that of the attempts before.
func (c *chain) fetch(ctx context.Context) error {
	dir, _, _, err := run.Batches(c.journal)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	frames := journal.Magic()
	for o, err := range c.store.List(ctx, linkFolder(c.part)) {
		if err != nil {
			return err
		}
		if c.links++; o.Name != linkName(c.part, c.links) {
			return fmt.Errorf("%w: objects of %s are missing", ErrSealed, linkFolder(c.part))
		}
		link, err := store.ReadAll(ctx, c.store, o.Name, mostDocument)
		if err != nil {
			return err
		}
		first, rest, whole := bytes.Cut(link, []byte("\n"))
		var head linkHead
		if !whole || strict(first, &head) != nil {
			return fmt.Errorf("%w: %s is no link of a ledger", ErrSealed, o.Name)
		}
		c.granted += head.Granted
		frames = append(frames, rest...)
	}
	if c.links == 0 {
		return nil
	}
	for o, err := range c.store.List(ctx, askedFolder(c.part)) {
		if err != nil {
			return err
		}
		index, err := store.ReadAll(ctx, c.store, o.Name, mostFindings)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(o.Name)), index, 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, journal.FirstSegment), frames, 0o600)
}

// spending is what batches have cost, and the most that those can cost whose answers are not in
// the job yet.
func (c *chain) spending() (spent, reserved endpoint.Money, err error) {
	_, s, r, err := run.Batches(c.journal)
	return s.Money, r.Money, err
}

// grant adds what the part was granted.
func (c *chain) grant(amount endpoint.Money) error {
	err := c.put(linkHead{c.attempt, amount}, nil)
	if err == nil {
		c.granted += amount
	}
	return err
}

// add adds frames of the ledger.
func (c *chain) add(frames []byte) error { return c.put(linkHead{c.attempt, 0}, frames) }

// put puts a link. The error says that another attempt has gone on.
func (c *chain) put(head linkHead, frames []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken != nil {
		return c.broken
	}
	link, err := json.Marshal(head)
	if err != nil {
		return err
	}
	link = append(append(link, '\n'), frames...)
	name := linkName(c.part, c.links+1)
	err = c.store.PutIfAbsent(c.ctx, name, bytes.NewReader(link), int64(len(link)))
	if errors.Is(err, store.ErrExists) { // another was faster, or this one and the answer was lost
		var found []byte
		if found, err = store.ReadAll(c.ctx, c.store, name, mostDocument); err == nil && !bytes.Equal(found, link) {
			err = errors.New("another attempt at this part goes on with its batches")
		}
	}
	if err != nil {
		c.broken = &endpoint.Error{Kind: endpoint.Stopped, Message: err.Error()}
		return c.broken
	}
	c.links++
	return nil
}

// asked puts the index of a batch.
func (c *chain) asked(_ int64, path string) error {
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer from.Close()
	info, err := from.Stat()
	if err != nil {
		return err
	}
	return c.store.Put(c.ctx, askedFolder(c.part)+filepath.Base(path), from, info.Size())
}
