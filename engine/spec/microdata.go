package spec

import "math"

// Microdata are the records of a survey that a table counts. Of Rows it has the file,
// the columns, conditions and label maps; the layout is that of a text file.
type Microdata struct {
	*Rows
	Weight   *String // column; nil if all records count alike
	Strength float64 // of the smoothing, in records; NaN if it is estimated
	Least    int     // records below which a cell does not keep its own figure
}

// leastRecords is the default of Microdata.Least. Many statistical offices do not publish
// cells with fewer persons.
const leastRecords = 5

// Microdata decodes a struct of the schema's definition #Microdata. It returns nil if n is
// nil.
func (n *Node) Microdata() *Microdata {
	if n == nil {
		return nil
	}
	m := &Microdata{Rows: n.Rows(), Strength: math.NaN(), Least: leastRecords}
	if w := n.Get("weight"); w != nil {
		weight := w.AsString()
		m.Weight = &weight
	}
	smooth := n.Get("smooth")
	if v := smooth.Get("strength"); v != nil && v.Kind == NumberNode {
		m.Strength = v.Number
	}
	if v := smooth.Get("least"); v != nil {
		m.Least = int(v.Number)
	}
	return m
}
