package importer

// Span returns the least and the greatest value of an integer.
func (f *Field) Span() (low, high int) { return f.Ages[0].From, f.Ages[0].To }

// Band returns the number of the label of a group that has a value of its integer, -1 for
// none.
func (f *Field) Band(value int) int {
	for i, a := range f.Ages {
		if value >= a.From && value <= a.To {
			return i
		}
	}
	return -1
}
