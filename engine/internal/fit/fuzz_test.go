package fit

import (
	"bytes"
	"encoding/gob"
	"testing"
	"time"
)

// FuzzVerify decodes any bytes as a stored result. One that Verify accepts can be
// used as one that Fit made.
func FuzzVerify(f *testing.F) {
	problems := []*Problem{chain(), triangle(2. / 3)}
	for i, p := range problems {
		var data bytes.Buffer
		if err := gob.NewEncoder(&data).Encode(mustFit(f, p)); err != nil {
			f.Fatal(err)
		}
		f.Add(i, data.Bytes(), -1, byte(0))
		f.Add(i, data.Bytes(), 300, byte(1))
		f.Add(i, data.Bytes()[:data.Len()/2], -1, byte(0))
	}
	f.Fuzz(func(t *testing.T, which int, data []byte, at int, bits byte) {
		p := problems[which&1]
		data = bytes.Clone(data)
		if at >= 0 && at < len(data) {
			data[at] ^= bits
		}
		start := time.Now()
		var r Result
		if gob.NewDecoder(bytes.NewReader(data)).Decode(&r) != nil || r.Verify(p) != nil {
			return
		}
		for v := range p.Vars {
			share, err := r.Marginal([]int{v})
			if err != nil {
				t.Fatalf("variable %d: %v", v, err)
			}
			sum := 0.0
			for _, x := range share {
				sum += x
			}
			if len(share) != p.Vars[v].Card || !(sum > 1-1e-5 && sum < 1+1e-5) {
				t.Errorf("variable %d has the shares %v", v, share)
			}
		}
		for i := range p.Tables {
			if _, _, err := r.TableShares(&p.Tables[i]); err != nil {
				t.Errorf("table %d: %v", i, err)
			}
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("took %v", took)
		}
	})
}
