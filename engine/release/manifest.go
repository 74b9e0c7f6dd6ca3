package release

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/internal/inputs"
	"github.com/personagen/personagen/engine/plan"
)

// manifestFormat is the version of the manifest's form.
const manifestFormat = 1

// Manifest lists the files of a release and says how it was made. It holds no
// time, no machine, and no hash of a file that does, so the same run gives the
// same manifest.
type Manifest struct {
	Format     int        `json:"format"`
	Name       string     `json:"name"`
	Title      string     `json:"title,omitempty"`
	Version    string     `json:"version"` // of the program
	Plan       string     `json:"plan"`    // hash
	Structure  string     `json:"structure"`
	Population Population `json:"population"`
	Rows       int64      `json:"rows"`
	Columns    []string   `json:"columns"`
	Aliases    string     `json:"aliases,omitempty"` // set of the plan's aliases that Columns are of
	Files      []File     `json:"files"`
	// Unhashed are files that state how long the run took, so they differ between
	// two runs of the same plan.
	Unhashed []string       `json:"unhashed,omitempty"`
	Inputs   []plan.File    `json:"inputs,omitempty"`
	Checks   map[string]int `json:"checks"` // number of checks by status
	// Exceptions are cells that the allocation left more than a person off.
	Exceptions []check.Exception `json:"exceptions,omitempty"`
	// Texts says what a model wrote; absent when no model wrote.
	Texts *Texts `json:"texts,omitempty"`
}

// File is a file of a release.
type File struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	Rows   int64  `json:"rows,omitempty"` // of a data file
	SHA256 string `json:"sha256"`
}

// Texts says what a model wrote.
type Texts struct {
	Provider string `json:"provider"`
	Model    string `json:"model"`
	Mode     string `json:"mode,omitempty"` // "batch" when the run that completed the release asked in batches
	// Own are the models that answered single calls in place of Model.
	Own    []OwnModel   `json:"own,omitempty"`
	Fields []FieldTexts `json:"fields"`
	// Calls, Tokens and Cost are those of the run that completed the release. Cost
	// has one sum, or one per currency when parts of a merged release were priced
	// in different currencies. It leaves out models of unknown price.
	Calls  int64  `json:"calls"`
	Tokens Tokens `json:"tokens"`
	Cost   []Sum  `json:"cost"`
}

// OwnModel is a model that answered some calls in place of that of the run.
type OwnModel struct {
	Endpoint string   `json:"endpoint"`
	Model    string   `json:"model"`
	Calls    []string `json:"calls"`
}

// Sum is an amount of money.
type Sum struct {
	Amount   float64 `json:"amount"`
	Currency string  `json:"currency"` // as written in the price table
}

// Tokens counts the tokens of calls to a model.
type Tokens struct {
	Prompt     int64 `json:"prompt"`
	Completion int64 `json:"completion"`
	Cached     int64 `json:"cached"`
	Reasoning  int64 `json:"reasoning"`
}

// FieldTexts counts the persons of a release by what became of one of their
// texts.
type FieldTexts struct {
	Field         string `json:"field"`
	Written       int64  `json:"written"`
	Quarantined   int64  `json:"quarantined"` // null, because no answer passed its checks
	NotApplicable int64  `json:"not_applicable"`
	Untranslated  int64  `json:"untranslated,omitempty"` // null, because the original of a translation is
	// Reasons counts the quarantined texts by why their last answer was refused.
	Reasons map[string]int64 `json:"reasons,omitempty"`
}

// maxDocument bounds the documents of a release, which are read as a whole.
const maxDocument = 1 << 30

// ReadManifest reads the manifest of the release in a folder. The error wraps
// ErrUsage.
func ReadManifest(dir string) (*Manifest, error) {
	path := filepath.Join(dir, ManifestFile)
	data, err := inputs.ReadRegular(path, maxDocument)
	if err != nil {
		return nil, fmt.Errorf("%w: %s is not a release: %w", ErrUsage, dir, err)
	}
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("%w: %s is damaged: %w; fetch or write the release again", ErrUsage, path, err)
	}
	if m.Format != manifestFormat {
		return nil, fmt.Errorf("%w: %s has manifest format %d; this version of the program reads format %d", ErrUsage, dir, m.Format, manifestFormat)
	}
	return &m, nil
}
