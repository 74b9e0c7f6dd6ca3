package compile

import (
	"bytes"
	"encoding/gob"

	"github.com/personagen/personagen/engine/internal/cache"
	"github.com/personagen/personagen/engine/internal/fit"
)

// fitVersion is raised when the fit of a problem or the form of an entry changes,
// so that older cached fits are not used.
const fitVersion = 6

// readCached returns the cached fit of a problem, nil when there is none. Key
// identifies the problem. The error says that the entry is damaged, or that its
// figures are not those of the problem.
func readCached(path, key string, p *fit.Problem) (*fit.Result, error) {
	data, err := cache.Read(path, key)
	if data == nil {
		return nil, err
	}
	var r fit.Result
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&r); err != nil {
		return nil, err
	}
	if err := r.Verify(p); err != nil {
		return nil, err
	}
	return &r, nil
}

// writeCached stores a fit. It ignores errors: a run does not need the cache.
func writeCached(path, key string, r *fit.Result) {
	var data bytes.Buffer
	if gob.NewEncoder(&data).Encode(r) == nil {
		_ = cache.Write(path, key, data.Bytes())
	}
}
