package importer

import (
	"math"

	"github.com/personagen/personagen/engine/internal/office"
)

// Report is what was found in a table, for readers and as JSON.
type Report struct {
	Format     string            `json:"format"`
	Table      string            `json:"table,omitempty"`
	Title      string            `json:"title,omitempty"`
	Publisher  string            `json:"publisher,omitempty"`
	Updated    string            `json:"updated,omitempty"`
	Licence    string            `json:"licence,omitempty"`
	Unit       string            `json:"unit,omitempty"`
	Languages  []string          `json:"languages,omitempty"` // of a file with several; the first one is read
	Cells      int               `json:"cells"`
	Status     map[string]int    `json:"status"`          // cells by status
	Flags      map[string]int    `json:"flags,omitempty"` // figures by flag
	Layout     []ReportLayout    `json:"layout,omitempty"`
	Dimensions []ReportDimension `json:"dimensions"`
	Measure    string            `json:"measure,omitempty"`
	Total      float64           `json:"total"` // sum of the cells that are read, in units
	Taken      int               `json:"taken"` // cells that are read
	Matches    []Match           `json:"matches,omitempty"`
	Open       []ReportQuestion  `json:"open,omitempty"`
	Remarks    []string          `json:"remarks,omitempty"`
	Notes      []string          `json:"notes,omitempty"` // of the office
}

// ReportLayout is a setting that a text file needs.
type ReportLayout struct {
	Option   string `json:"option"`
	Value    string `json:"value"`
	Evidence string `json:"evidence"`
}

// ReportDimension is what was found about a dimension.
type ReportDimension struct {
	ID         string       `json:"id,omitempty"`
	Name       string       `json:"name"`
	About      Subject      `json:"about"`
	Categories int          `json:"categories"`
	Examples   string       `json:"examples"`
	Fixed      string       `json:"fixed,omitempty"` // the only category that is read
	Why        string       `json:"why,omitempty"`
	Kept       int          `json:"kept"`
	Proof      string       `json:"proof,omitempty"`
	Drops      []ReportDrop `json:"drops,omitempty"`
}

// ReportDrop is a category that is left out.
type ReportDrop struct {
	Code     string   `json:"code,omitempty"`
	Label    string   `json:"label"`
	Evidence []string `json:"evidence"`
}

// ReportQuestion is a question that the user has to answer.
type ReportQuestion struct {
	Dimension string   `json:"dimension,omitempty"`
	Question  string   `json:"question"`
	Answers   []string `json:"answers,omitempty"` // flags, of which one settles it
}

// Report describes a study.
func (s *Study) Report(o *Opened) Report {
	c := s.Cube
	r := Report{Format: c.Format, Table: c.ID, Title: c.Title, Publisher: c.Publisher, Updated: isoDate(c.Updated), Licence: c.Licence, Unit: c.Unit,
		Cells: len(c.Cells), Status: map[string]int{}, Flags: map[string]int{}, Measure: s.Measure}
	if len(c.Languages) > 1 {
		r.Languages = c.Languages
	}
	for i := range c.Cells {
		k := &c.Cells[i]
		r.Status[k.Status.String()]++
		if k.Flag > 0 {
			r.Flags[c.Flags[k.Flag-1]]++
		}
	}
	s.eachKept(func(k *office.Cell) {
		r.Taken++
		r.Total += k.Number
	})
	if power := s.multiplier(); power > 0 { // 0.6 thousand is 600
		r.Total = math.Round(r.Total*math.Pow(10, float64(power))*1000) / 1000
	}
	for _, l := range o.Layout {
		r.Layout = append(r.Layout, ReportLayout{l.Option, l.Value, l.Evidence})
	}
	for i := range c.Dims {
		d, a := &c.Dims[i], &s.Axes[i]
		x := ReportDimension{Name: d.Name(), About: a.About, Categories: len(d.Categories), Examples: Examples(d, 5), Why: a.Why, Kept: len(s.Kept(i)), Proof: a.Proof}
		if d.ID != d.Name() {
			x.ID = d.ID
		}
		if a.Fixed >= 0 {
			x.Fixed = d.Categories[a.Fixed].Name()
			u := d.Categories[a.Fixed].Unit
			if a.About == Units && u == "" {
				u = x.Fixed
			}
			if u != "" && r.Unit == "" {
				r.Unit = u
			}
		}
		for _, drop := range a.Drops {
			k := &d.Categories[drop.Category]
			x.Drops = append(x.Drops, ReportDrop{k.Code, k.Name(), drop.Evidence})
		}
		r.Dimensions = append(r.Dimensions, x)
	}
	for _, q := range s.Open {
		r.ask(s, q)
	}
	r.Remarks = append(append(r.Remarks, c.Warnings...), s.Notes...)
	r.Notes = c.Notes
	return r
}

// multiplier is the power of ten in whose units the figures are that are read.
func (s *Study) multiplier() int {
	power, unit := s.Cube.Multiplier, s.Cube.Unit
	for i := range s.Axes {
		if j := s.Axes[i].Fixed; j >= 0 {
			k := &s.Cube.Dims[i].Categories[j]
			power += k.Multiplier
			if k.Unit != "" {
				unit = k.Unit
			}
		}
	}
	if power == 0 && mentions("thousand", unit) != "" && mentions("nocount", unit) == "" {
		return 3
	}
	return power
}

// Ask adds questions to the report.
func (r *Report) Ask(s *Study, questions []Question) {
	for _, q := range questions {
		r.ask(s, q)
	}
}

func (r *Report) ask(s *Study, q Question) {
	x := ReportQuestion{Question: q.Text, Answers: q.Answers}
	if q.Axis >= 0 {
		x.Dimension = s.Cube.Dims[q.Axis].Name()
	}
	r.Open = append(r.Open, x)
}

// Append adds the entries of another stanza.
func (s *Stanza) Append(o *Stanza) {
	s.Sources = append(s.Sources, o.Sources...)
	s.Fields = append(s.Fields, o.Fields...)
	s.Roles = append(s.Roles, o.Roles...)
	s.Tables = append(s.Tables, o.Tables...)
	s.Matches = append(s.Matches, o.Matches...)
}
