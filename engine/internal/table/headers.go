package table

// Levels returns the texts of the header of each column, one for each row of the header
// that is not empty: an empty cell above another repeats the one to its left. It is nil
// for a wide table and one without a header.
func (f *File) Levels() [][]string {
	if f.grid == nil || f.head < 0 || f.cells != nil {
		return nil
	}
	var header [][]string
	for _, row := range f.grid.cells[:f.head+1] {
		if !empty(row) {
			header = append(header, row)
		}
	}
	levels := make([][]string, len(f.Header))
	for i := range levels {
		c := i
		if f.columns != nil {
			c = int(f.columns[i])
		}
		for r := range header {
			one, _ := headerOf(header[:r+1], c)
			text := ""
			if len(one) > 0 {
				text = one[len(one)-1]
			}
			if r < len(header)-1 { // the lowest row names the column, so the ones above are filled
				above, _ := headerOf([][]string{header[r], header[len(header)-1]}, c)
				if len(above) > 0 && (r >= len(header[r]) || c >= len(header[r]) || header[r][c] == "") {
					text = above[0]
				}
			}
			levels[i] = append(levels[i], text)
		}
	}
	return levels
}
