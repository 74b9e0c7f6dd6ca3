package bundle

import "github.com/personagen/personagen/engine/diag"

// Description is what a bundle contains besides its plan, for people and tools: the
// model and the allocation by their shape and hash, everything else in full.
type Description struct {
	*Manifest
	Model      ModelShape        `json:"model"`
	Controls   []Control         `json:"controls"`
	Writers    Writers           `json:"writers"`
	Warnings   []diag.Diagnostic `json:"warnings"`
	Allocation *AllocationShape  `json:"allocation,omitempty"`
}

// ModelShape is the shape of a fitted model; Part has its hash.
type ModelShape struct {
	Part      string `json:"part"`
	Variables int    `json:"variables"`
	Steps     int    `json:"steps"`
	Cells     int    `json:"cells"` // of all steps
	Controls  int    `json:"controls"`
	Limits    int    `json:"limits"`
}

// AllocationShape is the shape of an allocation; Part has its hash.
type AllocationShape struct {
	Part       string `json:"part"`
	Persons    int64  `json:"persons"`
	Seed       uint64 `json:"seed"`
	Cells      int    `json:"cells"` // that hold a person, of all steps
	Exceptions int    `json:"exceptions"`
}

// Describe describes the bundle.
func (b *Bundle) Describe() (*Description, error) {
	m, err := b.Manifest()
	if err != nil {
		return nil, err
	}
	d := &Description{
		Manifest: m, Controls: append([]Control{}, b.Controls...), Writers: b.Writers, Warnings: append([]diag.Diagnostic{}, b.Warnings...),
		Model: ModelShape{Part: modelPart, Variables: len(b.Model.Vars), Steps: len(b.Model.Steps), Controls: len(b.Model.Controls), Limits: len(b.Model.Limits)},
	}
	for i := range b.Model.Steps {
		d.Model.Cells += len(b.Model.Steps[i].Weight)
	}
	if a := b.Allocation; a != nil {
		d.Allocation = &AllocationShape{Part: allocationPart, Persons: a.N, Seed: a.Seed, Exceptions: len(a.Exceptions)}
		for i := range a.Steps {
			d.Allocation.Cells += len(a.Steps[i].Cell)
		}
	}
	return d, nil
}
