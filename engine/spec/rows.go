package spec

// Rows decodes a struct of the schema's definition #Rows. It returns nil if n is
// not a struct.
func (n *Node) Rows() *Rows {
	if n == nil || n.Kind != StructNode {
		return nil
	}
	file := n.Get("file")
	r := &Rows{Place: n.Place, Path: file.Path, Columns: map[string]String{}, Map: map[string]LabelMap{}}
	if columns := n.Get("columns"); columns != nil {
		for _, f := range columns.Fields {
			r.Columns[f.Name] = String{Value: f.Value.String, Place: f.Value.Place}
		}
	}
	if where := n.Get("where"); where != nil {
		r.Where = where.Cond
	}
	if maps := n.Get("map"); maps != nil {
		for _, f := range maps.Fields {
			labels := LabelMap{}
			for _, l := range f.Value.Fields {
				labels[l.Name] = String{Value: l.Value.String, Place: l.Value.Place}
			}
			r.Map[f.Name] = labels
		}
	}
	return r
}
