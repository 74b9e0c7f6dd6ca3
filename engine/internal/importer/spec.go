package importer

// Spec is what a spec has already.
type Spec struct {
	Fields  []Field
	Tables  []string
	Sources map[string]Source
	Roles   map[string]string // role to field
	Year    int               // of the newest table, 0 if it is not known
}

// Field is a field that tables can be over.
type Field struct {
	Name  string
	Names []string // other names: title and aliases
	Kind  string   // "category", "integer" or "group"
	Of    string   // of a group: the field that it is computed from
	// Labels are the values of a category or group.
	Labels []string
	// Ages are, of an integer, its least and greatest value; of a group of it, those of
	// each label.
	Ages []span
}

// Source is a publication.
type Source struct{ Publisher, Title, Date, URL, Licence, Year string }

// NewField makes a Field of an integer from min to max.
func NewInteger(name string, min, max int, names ...string) Field {
	return Field{Name: name, Names: names, Kind: "integer", Ages: []span{{min, max}}}
}

// NewBands makes a Field of a group that cuts an integer from min to max.
func NewBands(name, of string, min, max int, cuts []int, labels []string, names ...string) Field {
	f := Field{Name: name, Names: names, Kind: "group", Of: of, Labels: labels}
	if len(cuts) > 0 && cuts[0] > min {
		cuts = append([]int{min}, cuts...)
	}
	if len(cuts) != len(labels) {
		return f
	}
	for i, c := range cuts {
		to := max
		if i+1 < len(cuts) {
			to = cuts[i+1] - 1
		}
		f.Ages = append(f.Ages, span{c, to})
	}
	return f
}

func (s *Spec) field(name string) *Field {
	for i := range s.Fields {
		if s.Fields[i].Name == name {
			return &s.Fields[i]
		}
	}
	return nil
}
