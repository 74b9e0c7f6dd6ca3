package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/spec"
	"github.com/personagen/personagen/engine/view/store"
)

// Term is a condition on one field, in the language of specs.
type Term struct {
	Field      string
	Constraint string
	filter     store.Filter
}

// String returns the condition as a spec writes it.
func (t Term) String() string { return fieldLabel(t.Field) + ": " + t.Constraint }

// Limits of conditions.
const (
	mostConditions = 32
	longCondition  = 16 << 10
	// mostAsked is the number of different values that are tested one by one with a
	// constraint that is not a combination of bounds and values.
	mostAsked = 100_000
)

// terms reads conditions, each of which may name several fields. The faults say what is
// wrong with those that are left out.
func (d *Data) terms(conditions []string) (terms []Term, faults []string) {
	if len(conditions) > mostConditions {
		return nil, []string{fmt.Sprintf("There are %d conditions; at most %d are read.", len(conditions), mostConditions)}
	}
	for _, text := range conditions {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if len(text) > longCondition {
			faults = append(faults, fmt.Sprintf("A condition has %d characters; at most %d are read.", len(text), longCondition))
			continue
		}
		var list diag.List
		parsed := d.options.ParseConditions([]string{text}, []diag.Place{{}}, &list)
		for _, x := range list.Items {
			faults = append(faults, fmt.Sprintf("%s: %s (%s)", text, x.Message, x.Hint))
		}
		if parsed[0] == nil {
			continue
		}
		for i := range parsed[0].Terms {
			t, err := d.term(&parsed[0].Terms[i])
			if err != nil {
				faults = append(faults, err.Error())
				continue
			}
			terms = append(terms, t)
		}
	}
	return terms, faults
}

// term compiles a constraint on a field.
func (d *Data) term(t *spec.Term) (Term, error) {
	out := Term{Field: t.Field, Constraint: t.Text}
	c := d.Table.Column(t.Field)
	if c == nil {
		return out, d.noColumn(t.Field)
	}
	accept, ok := fastAccept(t.Text)
	if !ok {
		if n := max(c.Values(), d.Table.Rows*bit(!c.Coded())); n > mostAsked {
			return out, fmt.Errorf("%s: %s has %d values, too many for this constraint; use bounds (>=15 & <25), values or =~\"expression\"", out, t.Field, n)
		}
		accept = t.Accept
	}
	out.filter = store.NewFilter(c, accept)
	return out, nil
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// noColumn says why a field cannot be in a condition.
func (d *Data) noColumn(name string) error {
	if f := d.Table.Schema.Index(name); f >= 0 {
		return fmt.Errorf("%s is not in memory because its values are long or lists; search for words in it instead", name)
	}
	if d.Plan != nil && d.Plan.Field(name) != nil {
		return fmt.Errorf("%s is hidden: it is not in the data files", name)
	}
	var names []string
	for _, c := range d.Table.Columns {
		names = append(names, c.Field.Name)
	}
	if guess := diag.Guess(name, names); guess != "" {
		return fmt.Errorf("no field is called %q; did you mean %q?", name, guess)
	}
	return fmt.Errorf("no field is called %q", name)
}

// fastAccept returns the test of a constraint that is a combination by | and & of
// bounds, values and regular expressions. Others are left to CUE, which takes some
// microseconds for each value.
func fastAccept(constraint string) (accept func(any) bool, ok bool) {
	var some []func(any) bool
	for _, part := range split(constraint, '|') {
		var all []func(any) bool
		for _, atom := range split(part, '&') {
			test, ok := atomTest(strings.TrimSpace(atom))
			if !ok {
				return nil, false
			}
			all = append(all, test)
		}
		some = append(some, func(v any) bool {
			for _, test := range all {
				if !test(v) {
					return false
				}
			}
			return true
		})
	}
	return func(v any) bool {
		for _, test := range some {
			if test(v) {
				return true
			}
		}
		return false
	}, true
}

// split divides a constraint at an operator outside quotation marks.
func split(text string, at byte) (parts []string) {
	from, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == at && !quoted:
			parts = append(parts, text[from:i])
			from = i + 1
		}
	}
	return append(parts, text[from:])
}

var (
	plainNumber = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
	operators   = []string{">=", "<=", "!=", "=~", "!~", ">", "<", ""}
)

// atomTest returns the test of a bound or value; false if it is not one that is known.
func atomTest(atom string) (func(any) bool, bool) {
	switch atom {
	case "null":
		return func(v any) bool { return v == nil }, true
	case "true", "false":
		want := atom == "true"
		return func(v any) bool { return v == want }, true
	}
	op := ""
	for _, op = range operators {
		if strings.HasPrefix(atom, op) {
			break
		}
	}
	value := strings.TrimSpace(atom[len(op):])
	if plainNumber.MatchString(value) && op != "=~" && op != "!~" {
		x, err := strconv.ParseFloat(value, 64)
		if err != nil || x > 1<<53 || x < -1<<53 {
			return nil, false
		}
		return func(v any) bool {
			n, ok := number(v)
			return ok && holds(op, cmpFloat(n, x))
		}, true
	}
	var text string
	if len(value) < 2 || value[0] != '"' || json.Unmarshal([]byte(value), &text) != nil {
		return nil, false
	}
	if op == "=~" || op == "!~" {
		r, err := regexp.Compile(text)
		if err != nil {
			return nil, false
		}
		return func(v any) bool {
			s, ok := v.(string)
			return ok && r.MatchString(s) == (op == "=~")
		}, true
	}
	return func(v any) bool {
		s, ok := v.(string)
		return ok && holds(op, strings.Compare(s, text))
	}, true
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), v < 1<<53 && v > -1<<53
	case float64:
		return v, true
	}
	return 0, false
}

func cmpFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func holds(op string, order int) bool {
	switch op {
	case ">=":
		return order >= 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	case "<":
		return order < 0
	case "!=":
		return order != 0
	}
	return order == 0
}

var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// fieldLabel writes a field's name as a condition has it.
func fieldLabel(name string) string {
	if identifier.MatchString(name) {
		return name
	}
	return quote(name)
}

// quote writes a text as CUE and JSON do, with letters as they are.
func quote(text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(text)
	return strings.TrimSpace(b.String())
}

// constraint writes the condition of some bins of an axis: a disjunction of values and
// intervals, neighbouring ones joined.
func constraint(a *store.Axis, bins []int) string {
	var parts []string
	c := a.Column
	for i := 0; i < len(bins); i++ {
		b := &a.Bins[bins[i]]
		if !b.Interval {
			for _, code := range b.Codes {
				parts = append(parts, literal(c, c.Value(code)))
			}
			if b.Null && b.Codes == nil {
				parts = append(parts, "null")
			}
			continue
		}
		from, last := b, b
		for i+1 < len(bins) && bins[i+1] == bins[i]+1 && a.Bins[bins[i+1]].Interval {
			i++
			last = &a.Bins[bins[i]]
		}
		part := ">=" + size(c, from.From)
		if !last.Last {
			part += " & <" + size(c, last.To)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " | ")
}

// literal writes a value as a constraint.
func literal(c *store.Column, v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return quote(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// size writes a bound.
func size(c *store.Column, x float64) string {
	if c.Field.Type == frame.Date {
		return quote(string(frame.AppendDate(nil, int64(x))))
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}

// chosen returns the bins of an axis whose values the terms on its field accept, and
// whether these terms are exactly such a choice of bins.
func chosen(a *store.Axis, terms []Term) (bins []int, exact bool) {
	exact = true
	some := false
	accepted := func(v any) bool {
		for _, t := range terms {
			if t.Field == a.Column.Field.Name && !t.filter.Accept(v) {
				return false
			}
		}
		return true
	}
	for _, t := range terms {
		some = some || t.Field == a.Column.Field.Name
	}
	if !some {
		return nil, true
	}
	for i := range a.Bins {
		b := &a.Bins[i]
		all, none := true, true
		test := func(v any) {
			if accepted(v) {
				none = false
			} else {
				all = false
			}
		}
		switch {
		case b.Codes != nil:
			for _, code := range b.Codes {
				test(a.Column.Value(code))
			}
		case b.Null:
			test(nil)
		default: // an interval of a column without codes: its ends decide
			for _, x := range []float64{b.From, (b.From + b.To) / 2, b.From + (b.To-b.From)*0.999} {
				test(sizeValue(a.Column, x))
			}
		}
		if all {
			bins = append(bins, i)
		}
		exact = exact && (all || none)
	}
	return bins, exact && !slices.ContainsFunc(bins, func(i int) bool { return a.Bins[i].Label == store.NoLabel })
}

// sizeValue returns a size as a value of the column.
func sizeValue(c *store.Column, x float64) any {
	switch c.Field.Type {
	case frame.Date:
		return string(frame.AppendDate(nil, int64(x)))
	case frame.Integer:
		return int64(x)
	}
	return x
}
