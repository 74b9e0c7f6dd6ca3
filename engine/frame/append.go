package run

import "github.com/personagen/personagen/engine/frame"

// appendRows appends the rows of src to dst, a batch of the same schema.
func appendRows(dst, src *frame.Batch) {
	for i := range dst.Columns {
		appendColumn(&dst.Columns[i], &src.Columns[i], dst.Schema[i].Type, dst.N, src.N)
	}
	dst.N += src.N
}

// appendColumn appends the m rows of src to the n rows of dst.
func appendColumn(dst, src *frame.Column, t frame.Type, n, m int) {
	if dst.Null != nil || src.Null != nil {
		nulls := make([]bool, n+m)
		copy(nulls, dst.Null)
		copy(nulls[n:], src.Null)
		dst.Null = nulls
	}
	switch t {
	case frame.Category:
		dst.Codes = append(dst.Codes[:n], src.Codes[:m]...)
	case frame.Integer:
		dst.Ints = append(dst.Ints[:n], src.Ints[:m]...)
	case frame.Number:
		dst.Floats = append(dst.Floats[:n], src.Floats[:m]...)
	case frame.Text:
		dst.Texts = append(dst.Texts[:n], src.Texts[:m]...)
	case frame.CategoryList, frame.TextList:
		appendLists(dst, src, t, n, m)
	}
}

func appendLists(dst, src *frame.Column, t frame.Type, n, m int) {
	end := dst.Offsets[n]
	from, to := src.Offsets[0], src.Offsets[m]
	dst.Offsets = dst.Offsets[:n+1]
	for _, offset := range src.Offsets[1 : m+1] {
		dst.Offsets = append(dst.Offsets, end+offset-from)
	}
	if t == frame.CategoryList {
		dst.Codes = append(dst.Codes[:end], src.Codes[from:to]...)
	} else {
		dst.Texts = append(dst.Texts[:end], src.Texts[from:to]...)
	}
}
