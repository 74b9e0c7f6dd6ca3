package frame

// Append adds the rows of src, a batch of the same schema, after the rows of b.
// It copies them: b does not refer to the memory of src afterwards.
func (b *Batch) Append(src *Batch) {
	for i := range b.Columns {
		b.Columns[i].appendRows(&src.Columns[i], &b.Schema[i], b.N, src.N)
	}
	b.N += src.N
}

// appendRows adds the m rows of src to the n rows of c, columns of a field.
func (c *Column) appendRows(src *Column, f *Field, n, m int) {
	if c.Null != nil || src.Null != nil {
		nulls := make([]bool, n+m)
		copy(nulls, c.Null)
		copy(nulls[n:], src.Null)
		c.Null = nulls
	}
	switch f.Type {
	case Category:
		c.Codes = append(c.Codes[:n], src.Codes[:m]...)
	case Integer, Date:
		c.Ints = append(c.Ints[:n], src.Ints[:m]...)
	case Number:
		c.Floats = append(c.Floats[:n], src.Floats[:m]...)
	case Text:
		c.Texts = append(c.Texts[:n], src.Texts[:m]...)
	case CategoryList, TextList, Records:
		c.appendLists(src, f, n, m)
	}
}

// appendLists adds the m lists of src to the n lists of c.
func (c *Column) appendLists(src *Column, f *Field, n, m int) {
	end := c.Offsets[n]
	from, to := src.Offsets[0], src.Offsets[m]
	c.Offsets = c.Offsets[:n+1]
	for _, offset := range src.Offsets[1 : m+1] {
		c.Offsets = append(c.Offsets, end+offset-from)
	}
	switch f.Type {
	case CategoryList:
		c.Codes = append(c.Codes[:end], src.Codes[from:to]...)
	case TextList:
		c.Texts = append(c.Texts[:end], src.Texts[from:to]...)
	default:
		if c.Records == nil {
			c.Records = make([]Column, len(f.Records))
		}
		for k := range src.Records {
			part := src.Records[k].Slice(f.Records[k].Type, int(from), int(to))
			c.Records[k].appendRows(&part, &f.Records[k], int(end), int(to-from))
		}
	}
}
