package imports

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/internal/importer"
	"github.com/personagen/personagen/engine/internal/microdata"
	"github.com/personagen/personagen/engine/internal/table"
)

func measured(m microdata.Measure) Measure {
	return Measure{significant(m.Information), significant(m.Error), significant(m.Persons), significant(m.P)}
}

// significant rounds to four significant digits, which all machines agree on.
func significant(x float64) float64 {
	y, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 4, 64), 64)
	if math.IsNaN(y) {
		return 0
	}
	return y
}

// write reports what was found and writes the patterns that are worth having.
func (s *survey) write() {
	field := func(v int) string { return s.vars[v].over }
	covered := map[[2]int]bool{}
	used := map[int]bool{}
	source := ""
	tableOf := func(of ...int) {
		if source == "" {
			source = s.source()
		}
		var over []string
		for _, v := range of {
			used[v] = true
			over = append(over, strconv.Quote(field(v)))
		}
		name := s.tableName(of)
		s.stanza.Tables = append(s.stanza.Tables, importer.Entry{Name: name, Text: fmt.Sprintf("{over: [%s], role: \"pattern\", source: %q, status: \"derived\", microdata: {%s}}", strings.Join(over, ", "), source, s.microdata(of))})
	}
	var sizes []int
	for _, v := range s.vars {
		sizes = append(sizes, v.cells())
	}
	var tables [][]int
	// fits adds a table if the fit has room for it. Fields have all their values there.
	fits := func(of ...int) bool {
		if microdata.Room(sizes, append(slices.Clone(tables), of)) > mostFitCells {
			return false
		}
		tables = append(tables, of)
		tableOf(of...)
		return true
	}
	for _, t := range s.trios {
		x := Triple{Fields: []string{field(t.Of[0]), field(t.Of[1]), field(t.Of[2])}, Measure: measured(t.Measure)}
		if t.Worth() {
			x.Written = fits(t.Of[:]...)
			x.NoRoom = !x.Written
		}
		for i, a := range t.Of {
			for _, b := range t.Of[i+1:] {
				covered[[2]int{a, b}] = covered[[2]int{a, b}] || x.Written
			}
		}
		s.out.Triples = append(s.out.Triples, x)
	}
	for _, e := range s.edges {
		x := Pair{Fields: []string{field(e.A), field(e.B)}, Measure: measured(e.Measure)}
		switch {
		case e.Explained >= 0:
			x.ExplainedBy = field(e.Explained)
		case e.Worth() && !covered[[2]int{e.A, e.B}]:
			x.Written = fits(e.A, e.B)
			x.NoRoom = !x.Written
		}
		s.out.Pairs = append(s.out.Pairs, x)
	}
	for i, v := range s.vars {
		if !used[i] || v.text == "" {
			continue
		}
		s.stanza.Fields = append(s.stanza.Fields, importer.Entry{Name: v.Field, Text: v.text})
		if v.bands != "" {
			s.stanza.Fields = append(s.stanza.Fields, importer.Entry{Name: v.over, Text: v.bands})
		}
	}
}

// microdata writes how a table reads the file.
func (s *survey) microdata(of []int) string {
	parts := []string{"file: " + strconv.Quote(s.name)}
	if len(s.layout.Fixed) > 0 {
		var at []string
		for _, c := range s.layout.Fixed {
			at = append(at, fmt.Sprintf("%s: [%d, %d]", table.CUEName(c.Name), c.From, c.To))
		}
		parts = append(parts, "fixed: {"+strings.Join(at, ", ")+"}")
	}
	for _, x := range [][2]string{{"separator", s.layout.Separator}, {"encoding", s.cfg.Encoding}, {"weight", s.out.Weight}} {
		if x[1] != "" {
			parts = append(parts, x[0]+": "+strconv.Quote(x[1]))
		}
	}
	if s.cfg.Skip > 0 {
		parts = append(parts, fmt.Sprintf("skip: %d", s.cfg.Skip))
	}
	var columns, labels []string
	for _, v := range of {
		x := s.vars[v]
		if x.Column != x.Field {
			columns = append(columns, x.Field+": "+strconv.Quote(x.Column))
		}
		var pairs []string
		for _, text := range slices.Sorted(maps.Keys(x.maps)) {
			pairs = append(pairs, strconv.Quote(text)+": "+strconv.Quote(x.maps[text]))
		}
		if pairs != nil {
			labels = append(labels, x.Field+": {"+strings.Join(pairs, ", ")+"}")
		}
	}
	if columns != nil {
		parts = append(parts, "columns: {"+strings.Join(columns, ", ")+"}")
	}
	if labels != nil {
		parts = append(parts, "map: {"+strings.Join(labels, ", ")+"}")
	}
	if len(s.cfg.Missing) > 0 {
		var list []string
		for _, m := range s.cfg.Missing {
			list = append(list, strconv.Quote(m))
		}
		parts = append(parts, "missing: ["+strings.Join(list, ", ")+"]")
	}
	return strings.Join(parts, ", ")
}

// tableName returns a name that no table has.
func (s *survey) tableName(of []int) string {
	var names []string
	for _, v := range of {
		names = append(names, s.vars[v].over)
	}
	name := strings.Join(names, "_")
	for base, n := name, 2; slices.Contains(s.known.Tables, name); n++ {
		name = base + "_" + strconv.Itoa(n)
	}
	s.known.Tables = append(s.known.Tables, name)
	return name
}

// source adds a source for the file and returns its name.
func (s *survey) source() string {
	base := filepath.Base(s.cfg.File)
	name := importer.Slug(40, strings.TrimSuffix(base, filepath.Ext(base)), "survey")
	title := "Records of " + base
	for root, n := name, 2; ; n++ {
		known, taken := s.known.Sources[name]
		if taken && known.Title == title {
			return name
		}
		if !taken {
			break
		}
		name = root + "_" + strconv.Itoa(n)
	}
	s.stanza.Sources = append(s.stanza.Sources, importer.Entry{Name: name, Text: fmt.Sprintf("{title: %s}", strconv.Quote(title))})
	return name
}
