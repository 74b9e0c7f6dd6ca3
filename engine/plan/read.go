package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// hashOf returns the SHA-256 of a value's JSON, in hex.
func hashOf(v any) string {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(v); err != nil {
		panic(fmt.Sprintf("plan: cannot hash %T: %v", v, err)) // plain data always encodes
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Stamp sets the plan's hash. Size and seed are not hashed: a run can choose them.
func (p *Plan) Stamp() {
	bare := *p
	bare.Population.Size, bare.Population.Seed, bare.Hash = 0, 0, ""
	p.Hash = hashOf(&bare)
}

// Read decodes a plan from JSON. A plan is enough to check data; making persons also
// takes the model in its bundle.
func Read(data []byte) (*Plan, error) {
	var p Plan
	d := json.NewDecoder(strings.NewReader(string(data)))
	if err := d.Decode(&p); err != nil {
		return nil, fmt.Errorf("not a plan: %w", err)
	}
	if p.Format != Format {
		return nil, fmt.Errorf("the plan has format %d, this version reads %d", p.Format, Format)
	}
	p.expand()
	return &p, nil
}
