package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

func hashOf(v any) string {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(v); err != nil {
		panic(fmt.Sprintf("plan: cannot hash %T: %v", v, err)) // plain data always encodes
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Stamp hashes the plan. Size and seed stay out: they are the run's.
func (p *Plan) Stamp() {
	bare := *p
	bare.Population.Size, bare.Population.Seed, bare.Hash = 0, 0, ""
	p.Hash = hashOf(&bare)
}

// Read reads a plan that was written as JSON. It can check data, but not
// sample: the fitted joint is not in it.
func Read(data []byte) (*Plan, error) {
	var p Plan
	d := json.NewDecoder(strings.NewReader(string(data)))
	if err := d.Decode(&p); err != nil {
		return nil, fmt.Errorf("not a plan: %w", err)
	}
	if p.Format != Format {
		return nil, fmt.Errorf("the plan has format %d, this version reads %d", p.Format, Format)
	}
	return &p, nil
}
