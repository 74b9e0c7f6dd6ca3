package view

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/personagen/personagen/engine/view/store"
)

// State is what a page shows, as its address says it: conditions (where), a search (q),
// single rows (rows), the persons of a check (check), an order (sort), columns (cols), a
// page, and the fields of a cross-tab (x, y).
type State struct {
	Where []string
	Terms []Term // of Where
	Query string
	Rows  []int
	Check string
	Sort  string
	Down  bool
	Cols  []string
	Page  int
	X, Y  string
	Open  []string // facets that show all their values

	faults []string
	search *store.Terms
}

// Limits of an address.
const (
	longQuery    = 500
	mostRowsList = 2000
	mostCols     = 40
)

// state reads an address. What it cannot use is a fault and is left out.
func (d *Data) state(v url.Values) *State {
	s := &State{Query: strings.TrimSpace(v.Get("q")), Check: v.Get("check"), X: v.Get("x"), Y: v.Get("y"), Page: 1, Open: v["open"]}
	s.Terms, s.faults = d.terms(v["where"])
	for _, t := range s.Terms {
		s.Where = append(s.Where, t.String())
	}
	if len(s.Query) > longQuery {
		s.fault("The search has more than %d letters.", longQuery)
		s.Query = ""
	}
	var err error
	if s.search, err = store.ParseTerms(s.Query); err != nil {
		s.fault("%v.", err)
	}
	for _, list := range v["rows"] {
		for text := range strings.SplitSeq(list, ",") {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 || n > d.Table.Rows || len(s.Rows) >= mostRowsList {
				s.fault("%q is not the number of a person: these are from 1 to %d.", cut(text, 40), d.Table.Rows)
				break
			}
			s.Rows = append(s.Rows, n-1)
		}
	}
	if sort := v.Get("sort"); sort != "" {
		s.Sort, s.Down = strings.TrimPrefix(sort, "-"), strings.HasPrefix(sort, "-")
		if d.Table.Column(s.Sort) == nil {
			s.fault("The order: %v.", d.noColumn(cut(s.Sort, 80)))
			s.Sort = ""
		}
	}
	for _, list := range v["cols"] {
		for name := range strings.SplitSeq(list, ",") {
			if d.Table.Column(name) != nil && !slices.Contains(s.Cols, name) && len(s.Cols) < mostCols {
				s.Cols = append(s.Cols, name)
			}
		}
	}
	if n, err := strconv.Atoi(v.Get("page")); err == nil && n > 0 {
		s.Page = n
	}
	if s.Check != "" && d.outcome(s.Check) == nil {
		s.fault("There is no check %q in this release.", cut(s.Check, 80))
		s.Check = ""
	}
	return s
}

func (s *State) fault(format string, args ...any) {
	s.faults = append(s.faults, fmt.Sprintf(format, args...))
}

// cut shortens a text of the address for a message.
func cut(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

// values returns the address, without the page.
func (s *State) values() url.Values {
	v := url.Values{}
	for _, w := range s.Where {
		v.Add("where", w)
	}
	set := func(key, value string) {
		if value != "" {
			v.Set(key, value)
		}
	}
	set("q", s.Query)
	set("check", s.Check)
	set("cols", strings.Join(s.Cols, ","))
	if s.Rows != nil {
		v.Set("rows", s.rowList())
	}
	if s.Sort != "" && s.Down {
		v.Set("sort", "-"+s.Sort)
	} else {
		set("sort", s.Sort)
	}
	for _, o := range s.Open {
		v.Add("open", o)
	}
	set("x", s.X)
	set("y", s.Y)
	return v
}

func (s *State) rowList() string {
	texts := make([]string, len(s.Rows))
	for i, r := range s.Rows {
		texts[i] = strconv.Itoa(r + 1)
	}
	return strings.Join(texts, ",")
}

// Link returns the address of a page with this state.
func (s *State) Link(path string) string {
	if q := s.values().Encode(); q != "" {
		return path + "?" + q
	}
	return path
}

// with returns the link to the list after a change of the state.
func (s *State) with(path string, change func(c *State)) string {
	c := *s
	c.Where, c.Cols, c.Open = slices.Clone(s.Where), slices.Clone(s.Cols), slices.Clone(s.Open)
	change(&c)
	return c.Link(path)
}

// narrowed reports whether not everybody is selected.
func (s *State) narrowed() bool {
	return len(s.Terms) > 0 || s.search != nil || s.Rows != nil || s.Check != ""
}

// plain reports whether only conditions select, so that the plan may know the target.
func (s *State) plain() bool { return s.search == nil && s.Rows == nil && s.Check == "" }

// selections remembers what was selected last.
type selections struct {
	most   int // that are remembered
	lock   sync.Mutex
	keys   []string
	values map[string]any
}

// mostRemembered is the number of selections and searches that are remembered. A
// selection takes four bytes a row.
const mostRemembered = 12

// remember returns the value of a key, which make makes if it is not known.
func remember[T any](s *selections, key string, make func() (T, error)) (T, error) {
	s.lock.Lock()
	v, known := s.values[key]
	s.lock.Unlock()
	if known {
		return v.(T), nil
	}
	made, err := make()
	if err != nil {
		return made, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	if _, known := s.values[key]; !known {
		if s.values == nil {
			s.values = map[string]any{}
		}
		if s.keys = append(s.keys, key); len(s.keys) > max(s.most, mostRemembered) {
			delete(s.values, s.keys[0])
			s.keys = s.keys[1:]
		}
	}
	s.values[key] = made
	return made, nil
}

// hits returns what a search has found, nil without one.
func (v *Viewer) hits(ctx context.Context, d *Data, s *State) (*store.Hits, error) {
	if s.search == nil {
		return nil, nil
	}
	return remember(&v.searches, fmt.Sprintf("%p\x00%s", d, s.Query), func() (*store.Hits, error) { return d.Table.Search(ctx, s.search) })
}

// selection returns the persons of a state, without the terms on a field, "" for none.
func (v *Viewer) selection(ctx context.Context, d *Data, s *State, without string) (*store.Selection, error) {
	terms := slices.DeleteFunc(slices.Clone(s.Terms), func(t Term) bool { return t.Field == without })
	key := strings.Builder{}
	fmt.Fprintf(&key, "%p\x00%s\x00%s\x00%s", d, s.Query, s.Check, s.rowList())
	for _, t := range terms {
		key.WriteString("\x00" + t.String())
	}
	return remember(&v.selected, key.String(), func() (*store.Selection, error) {
		var filters []store.Filter
		for _, t := range terms {
			filters = append(filters, t.filter)
		}
		selected := d.Table.Select(filters)
		if s.Rows != nil {
			rows := make([]uint32, len(s.Rows))
			for i, r := range s.Rows {
				rows[i] = uint32(r)
			}
			slices.Sort(rows)
			selected = selected.And(store.Rows(slices.Compact(rows)), d.Table.Rows)
		}
		hits, err := v.hits(ctx, d, s)
		if err != nil {
			return nil, err
		}
		if hits != nil {
			selected = hits.Selection.And(selected, d.Table.Rows)
		}
		if s.Check != "" {
			of, err := v.personsOf(ctx, d, s.Check)
			if err != nil {
				return nil, err
			}
			selected = selected.And(of, d.Table.Rows)
		}
		return selected, nil
	})
}

// ordered returns the persons of a state in its order.
func (v *Viewer) ordered(ctx context.Context, d *Data, s *State) (*store.Selection, error) {
	selected, err := v.selection(ctx, d, s, "")
	if err != nil || s.Sort == "" {
		return selected, err
	}
	key := s.with("", func(c *State) { c.Cols, c.X, c.Y, c.Open = nil, "", "", nil })
	return remember(&v.orders, fmt.Sprintf("%p%s", d, key), func() (*store.Selection, error) {
		return d.Table.Column(s.Sort).Order(selected, s.Down), nil
	})
}
