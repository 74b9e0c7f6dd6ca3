// Package office reads tables in the formats of statistical offices: PC-Axis,
// JSON-stat, SDMX-CSV, Eurostat's TSV and the arrays of census APIs. Each becomes a
// Cube. The files come from strangers: they are read within limits, a fault is told
// with its line, and nothing is guessed in silence.
package office

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/internal/plaintext"
)

// Limits of a file.
const (
	maxDimensions = 60         // of a cube
	maxCategories = 1_000_000  // of a dimension
	maxCells      = 10_000_000 // of a cube
	maxTexts      = 1000       // notes, and units by category
	maxText       = 100_000    // bytes of a note; longer ones are cut
)

// Status says what a cell of a cube contains.
type Status uint8

const (
	Value      Status = iota // a figure
	Zero                     // a symbol that the format defines as nothing
	Missing                  // a symbol for a figure that does not exist or is not known
	Suppressed               // a symbol for a figure that is kept secret
)

func (s Status) String() string { return [...]string{"value", "zero", "missing", "suppressed"}[s] }

// Cube is a table of figures over dimensions.
type Cube struct {
	Format    string // such as "PC-Axis" or "JSON-stat 2.0"
	ID        string // the office's name of the table, such as "TAB6471"
	Title     string
	Publisher string
	Licence   string
	URL       string
	Updated   string // as written
	Unit      string
	Figures   string // what the header and the marks of the figures say, such as "Share %"
	Decimals  int    // of the figures, -1 if the file does not say
	// Multiplier is the power of ten in whose units the figures are: 3 for thousands.
	Multiplier int
	Notes      []string
	Warnings   []string // what was repaired or left out

	// Languages are those of a file that has several, the one that is read first.
	Languages []string

	Dims  []Dimension
	Cells []Cell // in the order of the file, each position once
	Flags []string
}

// Dimension is an axis of a cube.
type Dimension struct {
	ID         string // "" if it has only a label
	Label      string
	Also       string // its label in the default language of a file that is read in another
	Role       Role
	Total      int    // the category that the file declares to be the total, -1 for none
	Labelled   bool   // its labels are those of a codebook, and the file has the codes
	Prefix     string // of all codes, such as "SEX_"; says nothing about a category
	Categories []Category
}

// Role is what a file says that a dimension is about.
type Role string

const (
	Time   Role = "time"
	Place  Role = "place"
	Metric Role = "metric" // what is counted or measured
)

// Category is a value of a dimension.
type Category struct {
	Code, Label string // Code is "" if it has only a label
	Also        string // see Dimension
	Parent      int    // position of the category that contains it, -1 if the file does not say
	Unit        string
	Decimals    int // -1 if the file does not say
	Multiplier  int // the figures are in units of 10 to this power
}

// Cell is a figure, or the reason why there is none.
type Cell struct {
	At     int64 // position in the product of the dimensions, the last one fastest
	Number float64
	Status Status
	Flag   uint16 // number of the flag in Flags plus 1, 0 for none
	Line   int32
	Symbol string // as written, where Status is not Value
}

// Name returns the name of a dimension for readers.
func (d *Dimension) Name() string {
	if d.Label != "" {
		return d.Label
	}
	return d.ID
}

// Name returns the label of a category, or its code.
func (c *Category) Name() string {
	if c.Label != "" {
		return c.Label
	}
	return c.Code
}

// Key returns the code of a category, or its label.
func (c *Category) Key() string {
	if c.Code != "" {
		return c.Code
	}
	return c.Label
}

// Text returns a cell as a plain number, or the symbol of the file.
func (c *Cell) Text() string {
	if c.Status == Value || c.Status == Zero {
		return strconv.FormatFloat(c.Number, 'f', -1, 64)
	}
	return c.Symbol
}

// Sizes returns the number of categories of each dimension.
func (c *Cube) Sizes() []int {
	n := make([]int, len(c.Dims))
	for i := range c.Dims {
		n[i] = len(c.Dims[i].Categories)
	}
	return n
}

// Split returns the categories of a position, one per dimension. It reuses at.
func (c *Cube) Split(position int64, at []int) []int {
	at = slices.Grow(at[:0], len(c.Dims))[:len(c.Dims)]
	for i := len(c.Dims) - 1; i >= 0; i-- {
		n := int64(len(c.Dims[i].Categories))
		at[i] = int(position % n)
		position /= n
	}
	return at
}

// Find returns the dimension with an id or label, letters of either case, or with a
// label that begins with the name.
func (c *Cube) Find(name string) (int, bool) {
	for i := range c.Dims {
		if c.Dims[i].ID == name || c.Dims[i].Label == name {
			return i, true
		}
	}
	for i := range c.Dims {
		if same(c.Dims[i].ID, name) || same(c.Dims[i].Label, name) {
			return i, true
		}
	}
	for i := range c.Dims {
		if name != "" && same(c.Dims[i].Also, name) {
			return i, true
		}
	}
	// The beginning of a long name, if only one dimension has it.
	found, n := 0, 0
	for i := range c.Dims {
		if name != "" && strings.HasPrefix(strings.ToLower(c.Dims[i].Label), strings.ToLower(name)) {
			found, n = i, n+1
		}
	}
	return found, n == 1
}

// Find returns the category with a code or label, letters of either case. A label that
// several categories have is not found.
func (d *Dimension) Find(name string) (int, bool) {
	for _, equal := range []func(a, b string) bool{func(a, b string) bool { return a == b }, same} {
		for i := range d.Categories {
			if d.Categories[i].Code != "" && equal(d.Categories[i].Code, name) {
				return i, true
			}
		}
		found, n := 0, 0
		for i := range d.Categories {
			if equal(d.Categories[i].Label, name) {
				found, n = i, n+1
			}
		}
		if n == 1 {
			return found, true
		}
	}
	also := slices.IndexFunc(d.Categories, func(k Category) bool { return name != "" && same(k.Also, name) })
	return max(also, 0), also >= 0
}

func same(a, b string) bool { return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) }

// flag returns the number of a flag for Cell.Flag.
func (c *Cube) flag(text string) uint16 {
	if text == "" {
		return 0
	}
	i := slices.Index(c.Flags, text)
	if i < 0 {
		if len(c.Flags) >= 1000 {
			return 0
		}
		i = len(c.Flags)
		c.Flags = append(c.Flags, text)
	}
	return uint16(i + 1)
}

// language notes that the file has a language.
func (c *Cube) language(name string) {
	name = strings.ToLower(strings.TrimSpace(name))
	if name != "" && len(c.Languages) < 100 && !slices.Contains(c.Languages, name) {
		c.Languages = append(c.Languages, name)
	}
}

// SetFlag gives a cell a flag.
func (c *Cube) SetFlag(cell *Cell, text string) { cell.Flag = c.flag(tidy(text)) }

// warnf notes what was repaired or left out.
func (c *Cube) warnf(format string, args ...any) {
	if len(c.Warnings) < maxTexts {
		c.Warnings = append(c.Warnings, fmt.Sprintf(format, args...))
	}
}

// AddNote adds a note, without markup and not twice.
func (c *Cube) AddNote(text string) {
	text = tidy(text)
	if text != "" && len(c.Notes) < maxTexts && !slices.Contains(c.Notes, text) {
		c.Notes = append(c.Notes, text)
	}
}

// Fault is an error in a file.
type Fault struct {
	Line, Column int // 0 if it is about the whole file
	Code         string
	Message      string
	Hint         string
}

func (f *Fault) Error() string {
	if f.Line > 0 {
		return fmt.Sprintf("line %d: %s", f.Line, f.Message)
	}
	return f.Message
}

func faultf(line, column int, format string, args ...any) *Fault {
	return &Fault{Line: line, Column: column, Code: "office-file", Message: fmt.Sprintf(format, args...)}
}

func (f *Fault) hint(format string, args ...any) *Fault {
	f.Hint = fmt.Sprintf(format, args...)
	return f
}

func (f *Fault) code(code string) *Fault {
	f.Code = code
	return f
}

// product multiplies the sizes of dimensions. It is not ok beyond what an int64 holds.
func product(sizes []int) (int64, bool) {
	n := int64(1)
	for _, s := range sizes {
		if s == 0 {
			return 0, true
		}
		if n > math.MaxInt64/int64(s) {
			return 0, false
		}
		n *= int64(s)
	}
	return n, true
}

// finish checks a cube that a reader has made, tidies its texts and names what has no
// name.
func (c *Cube) finish() error {
	if len(c.Dims) == 0 {
		return faultf(0, 0, "the file has no dimension")
	}
	if len(c.Dims) > maxDimensions {
		return faultf(0, 0, "the file has %d dimensions; at most %d are read", len(c.Dims), maxDimensions)
	}
	if _, ok := product(c.Sizes()); !ok {
		return faultf(0, 0, "the dimensions have too many combinations")
	}
	if len(c.Cells) == 0 {
		return faultf(0, 0, "the file has no figures")
	}
	texts := []*string{&c.ID, &c.Title, &c.Publisher, &c.Licence, &c.URL, &c.Updated, &c.Unit}
	for i := range c.Dims {
		d := &c.Dims[i]
		texts = append(texts, &d.ID, &d.Label)
		for j := range d.Categories {
			k := &d.Categories[j]
			k.Code, k.Label, k.Unit = tidy(k.Code), tidy(k.Label), tidy(k.Unit)
			if k.Key() == "" {
				k.Label = fmt.Sprintf("(%d)", j+1)
				c.warnf("category %d of %s has no name", j+1, d.Name())
			}
		}
	}
	for _, t := range texts {
		*t = tidy(*t)
	}
	for i := range c.Dims {
		if c.Dims[i].Name() == "" {
			c.Dims[i].Label = fmt.Sprintf("dimension %d", i+1)
		}
	}
	return nil
}

// tidy removes markup that offices put into texts, and characters that would steer a
// terminal, and joins lines and blanks.
func tidy(s string) string {
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") + "…"
	}
	if strings.Contains(s, "<") {
		s = tags.ReplaceAllString(s, " ")
	}
	s = strings.ReplaceAll(s, "#", " ") // the line break of PC-Axis
	for {
		at, r, found := plaintext.Steering(s)
		if !found {
			break
		}
		s = s[:at] + " " + s[at+len(string(r)):]
	}
	return plaintext.NFC(untagged.Replace(strings.Join(strings.Fields(s), " ")))
}

// untagged removes the blank that a tag leaves before punctuation.
var untagged = strings.NewReplacer(" .", ".", " ,", ",", " ;", ";")

// parseFigure parses a figure as machines write it.
func parseFigure(s string) (float64, bool) {
	if s == "" || strings.Trim(s, "0123456789+-.eE") != "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.Abs(n) > 1e15 {
		return 0, false
	}
	return n, true
}
