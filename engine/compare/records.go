package compare

import "github.com/personagen/personagen/engine/frame"

// counted returns the batch with the numbers of records in place of lists of records: a
// column for each group, such as family.child, or one for all if the groups are not
// known. Other columns share the memory of b.
func counted(b *frame.Batch) *frame.Batch {
	out := &frame.Batch{First: b.First, N: b.N}
	for i, f := range b.Schema {
		if f.Type != frame.Records {
			out.Schema, out.Columns = append(out.Schema, f), append(out.Columns, b.Columns[i])
			continue
		}
		c := &b.Columns[i]
		if f.Records[0].Labels == nil { // of a file without a plan
			counts := frame.Column{Ints: make([]int64, b.N), Null: c.Null}
			for r := range b.N {
				counts.Ints[r] = int64(c.Offsets[r+1] - c.Offsets[r])
			}
			out.Schema = append(out.Schema, frame.Field{Name: f.Name, Type: frame.Integer, Nullable: f.Nullable})
			out.Columns = append(out.Columns, counts)
			continue
		}
		for group, name := range f.Records[0].Labels {
			counts := frame.Column{Ints: make([]int64, b.N), Null: c.Null}
			for r := range b.N {
				for _, code := range c.Records[0].Codes[c.Offsets[r]:c.Offsets[r+1]] {
					if int(code) == group {
						counts.Ints[r]++
					}
				}
			}
			out.Schema = append(out.Schema, frame.Field{Name: f.Name + "." + name, Type: frame.Integer, Nullable: f.Nullable, Title: f.Title})
			out.Columns = append(out.Columns, counts)
		}
	}
	return out
}
