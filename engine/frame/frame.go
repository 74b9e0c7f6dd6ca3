// Package frame holds personas as columns. A Batch is a run of consecutive rows
// of the population, with one Column per field. A category is stored as a code,
// an index into the labels of its field in the Schema.
//
// Note: the owner of a Batch reuses its memory. Copy what must outlive the call
// that returned the batch; Batch.Append does.
package frame

// Type says how a column stores its values: the comment beside each names the
// slices of Column it uses.
type Type string

const (
	Category     Type = "category"      // Codes into Field.Labels, -1 is null
	Integer      Type = "integer"       // Ints
	Number       Type = "number"        // Floats
	Text         Type = "text"          // Texts
	Date         Type = "date"          // Ints, days since 1970-01-01
	CategoryList Type = "category_list" // Offsets into Codes
	TextList     Type = "text_list"     // Offsets into Texts
	Records      Type = "records"       // Offsets into the rows of Records
)

// List reports whether a row of the type is a list: whether Offsets are used.
func (t Type) List() bool { return t == CategoryList || t == TextList || t == Records }

// Field describes one column.
type Field struct {
	Name        string   `json:"name"`
	Type        Type     `json:"type"`
	Nullable    bool     `json:"nullable,omitempty"`
	Labels      []string `json:"labels,omitempty"`  // Category and CategoryList
	Boolean     bool     `json:"boolean,omitempty"` // a Category whose labels are true and false, written as truth values
	Title       string   `json:"title,omitempty"`
	Description string   `json:"description,omitempty"`
	Unit        string   `json:"unit,omitempty"`
	// Decimals is the number of decimal places of a Number, or -1 for as many as
	// the value needs.
	Decimals int `json:"decimals,omitempty"`
	// Records are the columns of a record of type Records. They are not lists. Each
	// record has all of them, null where it has no value.
	Records Schema `json:"records,omitempty"`
}

// Schema lists the columns in the order of the spec.
type Schema []Field

// Index returns the position of the named column, or -1.
func (s Schema) Index(name string) int {
	for i := range s {
		if s[i].Name == name {
			return i
		}
	}
	return -1
}

// Column holds the values of one field for the rows of a Batch. Only the
// slices that belong to the field's Type are used.
type Column struct {
	Codes   []int32
	Ints    []int64
	Floats  []float64
	Texts   []string
	Offsets []int32 // lists: row r holds items Offsets[r] to Offsets[r+1]; len N+1
	Null    []bool  // all types but Category; nil when no row is null
	// Records are the columns of Field.Records. A row of them is a record: there are
	// Offsets[N].
	Records []Column
}

// IsNull reports whether row r of a column of type t is null.
func (c *Column) IsNull(t Type, r int) bool {
	if t == Category {
		return c.Codes[r] < 0
	}
	return c.Null != nil && c.Null[r]
}

// Batch holds N consecutive persons. First is the number of the first one,
// counted from 0 in the whole population.
type Batch struct {
	Schema  Schema
	First   int64
	N       int
	Columns []Column
	// Numbers are the numbers of the rows if these are not consecutive, as those of
	// records; nil if they are.
	Numbers []int64
}

// Number returns the number of a row, which random draws depend on.
func (b *Batch) Number(r int) int64 {
	if b.Numbers != nil {
		return b.Numbers[r]
	}
	return b.First + int64(r)
}

// New returns an empty batch of the schema.
func New(s Schema) *Batch {
	return &Batch{Schema: s, Columns: make([]Column, len(s))}
}

// Resize makes every column n rows long and reuses its memory. Lists become
// empty and Null becomes nil; other values are unspecified until they are set.
func (b *Batch) Resize(first int64, n int) {
	b.First, b.N = first, n
	for i := range b.Columns {
		b.Columns[i].Resize(b.Schema[i].Type, n)
	}
}

// Resize makes a column of type t n rows long; see Batch.Resize.
func (c *Column) Resize(t Type, n int) {
	c.Null = nil
	switch t {
	case Category:
		c.Codes = Grow(c.Codes, n)
	case Integer, Date:
		c.Ints = Grow(c.Ints, n)
	case Number:
		c.Floats = Grow(c.Floats, n)
	case Text:
		c.Texts = Grow(c.Texts, n)
	case CategoryList, TextList:
		c.Codes, c.Texts = c.Codes[:0], c.Texts[:0]
		c.Offsets = Grow(c.Offsets, n+1)
		clear(c.Offsets)
	case Records:
		for k := range c.Records {
			c.Records[k].empty()
		}
		c.Offsets = Grow(c.Offsets, n+1)
		clear(c.Offsets)
	}
}

// empty removes all rows of a column that is not a list.
func (c *Column) empty() {
	c.Codes, c.Ints, c.Floats, c.Texts, c.Null = c.Codes[:0], c.Ints[:0], c.Floats[:0], c.Texts[:0], nil
}

// Equal reports whether row r of a column of type t, which is not a list, has the value of
// row k of another, or both are null.
func (c *Column) Equal(t Type, r int, other *Column, k int) bool {
	if null := c.IsNull(t, r); null || other.IsNull(t, k) {
		return null && other.IsNull(t, k)
	}
	switch t {
	case Category:
		return c.Codes[r] == other.Codes[k]
	case Integer, Date:
		return c.Ints[r] == other.Ints[k]
	case Number:
		return c.Floats[r] == other.Floats[k]
	}
	return c.Texts[r] == other.Texts[k]
}

// SetNull makes row r of a column of n rows null. The items of a list stay.
func (c *Column) SetNull(t Type, r, n int) {
	if t == Category {
		c.Codes[r] = -1
		return
	}
	if c.Null == nil {
		c.Null = make([]bool, n)
	}
	c.Null[r] = true
	switch t {
	case Integer, Date:
		c.Ints[r] = 0
	case Number:
		c.Floats[r] = 0
	case Text:
		c.Texts[r] = ""
	}
}

// Slice returns rows from to to of a column that is not a list. It shares the memory.
func (c *Column) Slice(t Type, from, to int) Column {
	var s Column
	switch t {
	case Category:
		s.Codes = c.Codes[from:to]
	case Integer, Date:
		s.Ints = c.Ints[from:to]
	case Number:
		s.Floats = c.Floats[from:to]
	case Text:
		s.Texts = c.Texts[from:to]
	}
	if c.Null != nil {
		s.Null = c.Null[from:to]
	}
	return s
}

// Grow returns a slice of length n, backed by s when its capacity is enough.
func Grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
