package load

import (
	"cmp"
	"strconv"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/spec"
)

// decode converts the nodes of a spec to a Spec. They conform to the schema: what
// is required is present and has the right type.
func (l *loader) decode(root *spec.Node, src source) *spec.Spec {
	s := &spec.Spec{
		Files:       l.named,
		Place:       diag.Place{File: l.shown(src.files[0])},
		Name:        text(root, "name"),
		Title:       text(root, "title"),
		Description: text(root, "description"),
		Language:    text(root, "language"),
		License:     text(root, "license"),
		Version:     text(root, "version"),
		Population:  decodePopulation(root.Get("population")),

		ParseConditions: ParseConditions,
		Shown:           l.shown,
		Inputs:          l.inputs,
	}
	for _, t := range texts(root, "limitations") {
		s.Limitations = append(s.Limitations, t.Value)
	}
	for _, f := range members(root, "sources") {
		s.Sources = append(s.Sources, decodeSource(f))
	}
	for _, f := range members(root, "fields") {
		s.Fields = append(s.Fields, f.Field())
	}
	for _, f := range members(root, "aliases") {
		s.Aliases = append(s.Aliases, decodeAliases(f))
	}
	for _, f := range members(root, "tables") {
		s.Tables = append(s.Tables, decodeTable(f, root.Get("defaults")))
	}
	s.DefaultMaps = root.Get("defaults").Get("map")
	for _, n := range items(root, "impossible") {
		s.Impossible = append(s.Impossible, n.Cond)
	}
	for _, n := range items(root, "joints") {
		s.Joints = append(s.Joints, spec.Joint{Place: n.Place, Fields: n.AsStrings()})
	}
	for _, f := range members(root, "correlations") {
		s.Correlations = append(s.Correlations, decodeCorrelation(f))
	}
	for _, f := range members(root, "roles") {
		s.Roles = append(s.Roles, spec.Role{Name: f.Name, Field: f.Value.AsString()})
	}
	for _, f := range members(root, "checks") {
		s.Checks = append(s.Checks, decodeCheck(f))
	}
	for _, f := range members(root, "references") {
		s.References = append(s.References, decodeReference(f))
	}
	for _, f := range members(root, "goals") {
		s.Goals = append(s.Goals, decodeGoal(f))
	}
	if n := root.Get("narrator"); n != nil {
		s.Narrator = decodeNarrator(n)
	}
	for _, f := range members(root, "rules") {
		s.Rules = append(s.Rules, decodeRule(f))
	}
	for _, f := range members(root, "languages") {
		s.Languages = append(s.Languages, decodeLanguage(f))
	}
	s.Groups = texts(root, "groups")
	for _, f := range members(root, "calls") {
		s.Calls = append(s.Calls, decodeCall(f))
	}
	for _, f := range members(root, "endpoints") {
		s.Endpoints = append(s.Endpoints, decodeEndpoint(f))
	}
	if n := root.Get("prices"); n != nil {
		s.Prices = decodePrices(n)
	}
	if n := root.Get("fit"); n != nil {
		s.MostMoved = optionalNumber(n, "most_moved")
	}
	if n := root.Get("enrichment"); n != nil {
		s.Enrichment = decodeEnrichment(n)
	}
	if n := root.Get("variation"); n != nil {
		s.Variation = decodeVariation(n)
	}
	if n := root.Get("card"); n != nil {
		s.Card = decodeCard(n)
	}
	return s
}

func decodePopulation(n *spec.Node) spec.Population {
	seed, err := strconv.ParseUint(text(n, "seed"), 10, 64)
	if err != nil {
		panic(err) // the schema limits the seed
	}
	p := spec.Population{
		Place:   n.Place,
		Size:    int64(number(n, "size", 0)),
		Seed:    seed,
		Persons: int64(number(n, "persons", 0)),
		Where:   condition(n, "where"),
	}
	for _, f := range members(n, "oversample") {
		p.Oversample = append(p.Oversample, spec.Stratum{
			Name: f.Name, Place: f.Place, When: condition(f.Value, "when"),
			AtLeast: int64(number(f.Value, "at_least", 0)), Times: number(f.Value, "times", 0),
		})
	}
	return p
}

func decodeSource(f spec.Named) spec.Source {
	n := f.Value
	return spec.Source{
		Name: f.Name, Place: f.Place,
		Publisher: text(n, "publisher"), Title: text(n, "title"), Year: int(number(n, "year", 0)), Date: text(n, "date"),
		URL: text(n, "url"), License: text(n, "license"), Note: text(n, "note"),
	}
}

func decodeTable(f spec.Named, defaults *spec.Node) spec.Table {
	n := f.Value
	t := spec.Table{
		Name: f.Name, Place: f.Place, Title: text(n, "title"),
		Over: texts(n, "over"), Given: n.Get("given").Names(), Where: condition(n, "where"),
		Role: text(n, "role"), Weight: number(n, "weight", 0), Rest: optionalText(n, "rest"), Partial: flag(n, "partial"), Absent: n.Get("absent") != nil,
		Rounded: number(n, "rounded", 0), Tolerance: number(n, "tolerance", -1),
		Source: cmp.Or(text(n, "source"), text(defaults, "source")), Status: cmp.Or(text(n, "status"), text(defaults, "status")),
		Note: text(n, "note"), Year: int(number(n, "year", 0)),
	}
	if spread := n.Get("spread"); spread != nil {
		t.Spread = decodeSpread(spread)
	}
	if smooth := n.Get("smooth"); smooth != nil && (smooth.Kind == spec.StructNode || smooth.Bool) {
		t.Smooth = &spec.Smooth{Place: smooth.Place, Edges: items(smooth, "edges"), From: smooth.Get("from"), MaxStep: number(smooth, "max_step", defaultMaxStep)}
	}
	if t.Rows = n.FileRows(); t.Rows != nil {
		t.Rows.Rename(n.Get("given"))
		t.Rows.Translate(defaults.Get("map"))
		decodeTableRows(&t, cmp.Or(n.Get("csv"), n.Get("xlsx")))
		return t
	}
	if t.Microdata = n.Get("microdata").Microdata(); t.Microdata != nil {
		t.Measure = "weights"
		t.Microdata.Rename(n.Get("given"))
		t.Microdata.Translate(defaults.Get("map"))
		return t
	}
	for _, measure := range []string{"shares", "percent", "counts"} {
		if figures := n.Get(measure); figures != nil {
			t.Inline, t.Measure = figures, measure
		}
	}
	return t
}

// defaultMaxStep is the largest step of a smoothed table if the spec does not say, in
// percentage points.
const defaultMaxStep = 15

func decodeSpread(n *spec.Node) *spec.Spread {
	s := &spec.Spread{Place: n.Place, By: texts(n, "by"), Closed: flag(n, "closed")}
	if open := n.Get("open"); open != nil {
		s.Open = &spec.Open{Place: open.Place, Slope: number(open, "slope", 0), Survivors: members(open, "survivors")}
	}
	return s
}

// decodeTableRows decodes what the csv or xlsx of a table says beyond its rows.
func decodeTableRows(t *spec.Table, n *spec.Node) {
	t.Measure, t.Add = text(n, "measure"), flag(n, "add")
	if v := n.Get("value"); v != nil {
		t.Value = v.AsString()
	} else if len(t.Rows.Layout.Wide) > 0 {
		t.Value = spec.String{Value: "value", Place: n.Place}
	}
	if t.Measure == "percent" {
		t.Rows.Layout.Numbers.Marks = append(t.Rows.Layout.Numbers.Marks, "%")
	}
}

func decodeCorrelation(f spec.Named) spec.Correlation {
	n := f.Value
	c := spec.Correlation{Name: f.Name, Place: f.Place, Fields: texts(n, "fields"),
		Source: text(n, "source"), Status: text(n, "status"), Note: text(n, "note")}
	for _, row := range items(n, "matrix") {
		var numbers []float64
		for _, cell := range row.Items {
			numbers = append(numbers, cell.Number)
		}
		c.Matrix = append(c.Matrix, numbers)
	}
	return c
}

func decodeCheck(f spec.Named) spec.Check {
	n := f.Value
	return spec.Check{
		Name: f.Name, Place: f.Place, About: text(n, "about"), Severity: text(n, "severity"),
		Where: condition(n, "where"), Within: condition(n, "within"),
		Measure: optionalText(n, "measure"), Of: optionalText(n, "of"), Score: decodeScoreOf(n.Get("score")),
		AtLeast: optionalNumber(n, "at_least"), AtMost: optionalNumber(n, "at_most"),
	}
}

// decodeScoreOf returns nil for nil.
func decodeScoreOf(n *spec.Node) *spec.ScoreOf {
	if n == nil {
		return nil
	}
	return &spec.ScoreOf{Place: n.Place, Fields: texts(n, "fields"), Below: optionalNumber(n, "below")}
}

func decodeNarrator(n *spec.Node) *spec.Narrator {
	out := &spec.Narrator{Place: n.Place}
	for _, b := range items(n, "banks") {
		out.Banks = append(out.Banks, spec.BankFile{Path: b.Path, Place: b.Place})
	}
	if f := n.Get("forms"); f != nil {
		axes := []*spec.Node{f}
		if out.Axes = f.Kind == spec.ListNode; out.Axes {
			axes = f.Items
		}
		for _, f := range axes {
			out.Forms = append(out.Forms, decodeForms(f))
		}
	}
	out.Contractions = members(n, "contractions")
	out.Cases = members(n, "cases")
	out.Relations = members(n, "relations")
	out.References = members(n, "references")
	out.Spread = flag(n, "spread")
	return out
}

func decodeForms(n *spec.Node) spec.Forms {
	out := spec.Forms{Place: n.Place, Values: texts(n, "values")}
	if name := n.Get("name"); name != nil {
		out.Name = name.AsString()
	}
	if by := n.Get("by"); by != nil {
		out.By = by.AsString()
	}
	for _, c := range items(n, "cases") {
		out.Cases = append(out.Cases, c.Cond)
	}
	return out
}

func decodeRule(f spec.Named) spec.Rule {
	n := f.Value
	r := spec.Rule{
		Name: f.Name, Place: f.Place, About: text(n, "about"), Severity: text(n, "severity"), When: condition(n, "when"),
		Never: texts(n, "never"), NeverMatch: optionalText(n, "never_match"), Fields: texts(n, "fields"),
	}
	if x := n.Get("number"); x != nil {
		r.Number = &spec.NumberRule{Match: x.Get("match").AsString(), Field: x.Get("field").AsString()}
	}
	if x := n.Get("by"); x != nil {
		r.By = &spec.ByValue{Field: x.Get("field").AsString(), Said: texts(x, "said"), Unless: texts(x, "unless"), Opening: flag(x, "opening")}
		for _, v := range members(x, "words") {
			r.By.Words = append(r.By.Words, spec.ValueWords{Value: nameOf(v), Words: v.Value.AsStrings()})
		}
	}
	return r
}

func decodeLanguage(f spec.Named) spec.Language {
	n := f.Value
	l := spec.Language{
		Name: f.Name, Place: f.Place, Letters: text(n, "letters"), Own: flag(n, "own"), Foreign: number(n, "foreign", 1),
		Accented: number(n, "accented", 0), Common: number(n, "common", 0), Least: int(number(n, "least", 1)),
	}
	for _, w := range texts(n, "words") {
		l.Words = append(l.Words, w.Value)
	}
	return l
}

func decodeCall(f spec.Named) spec.Call {
	n := f.Value
	c := spec.Call{
		Name: f.Name, Place: f.Place, Prompt: n.Get("prompt"), System: n.Get("system"),
		Model: text(n, "model"), Temperature: optionalNumber(n, "temperature"), MaxTokens: int(number(n, "max_tokens", 0)),
		AtOnce: int(number(n, "fields_at_once", 0)),
		After:  texts(n, "after"), Endpoint: optionalText(n, "endpoint"),
	}
	if x := n.Get("sample"); x != nil {
		c.Sample = &spec.CallSample{Place: x.Place, Share: number(x, "share", 0), AtLeast: int64(number(x, "at_least", 0))}
	}
	for _, x := range items(n, "examples") {
		c.Examples = append(c.Examples, spec.Example{Place: x.Place, Prompt: x.Get("prompt"), Answer: members(x, "answer")})
	}
	return c
}

func decodeVariation(n *spec.Node) *spec.Variation {
	v := &spec.Variation{Place: n.Place, Examples: int(number(n, "examples", 0)), Calls: texts(n, "calls")}
	for _, x := range items(n, "shares") {
		v.Shares = append(v.Shares, spec.ModelShare{Place: x.Place, Share: number(x, "share", 0), Model: text(x, "model"), Temperature: optionalNumber(x, "temperature")})
	}
	if a := n.Get("avoid"); a != nil {
		v.Avoid = &spec.Avoid{Place: a.Place, After: int64(number(a, "after", 0)), Most: int(number(a, "most", 0)), AtLeast: number(a, "at_least", 0), Fields: texts(a, "fields")}
	}
	return v
}

func decodeEndpoint(f spec.Named) spec.Endpoint {
	n, limits, batch := f.Value, f.Value.Get("limits"), f.Value.Get("batch")
	e := spec.Endpoint{
		Name: f.Name, Place: f.Place, BaseURL: optionalText(n, "base_url"), KeyVar: n.Get("key_var"), KeyHeader: optionalText(n, "key_header"),
		Model: text(n, "model"), Mode: text(n, "mode"), TokensField: text(n, "tokens_field"),
		Extra: members(n, "extra"), Headers: members(n, "headers"), Query: members(n, "query"),
		Workers: int(number(n, "workers", 0)), MaxInFlight: int(number(n, "max_in_flight", 0)),
		Limits: spec.Limits{
			RequestsPerSecond: number(limits, "requests_per_second", 0), RequestsPerMinute: number(limits, "requests_per_minute", 0),
			TokensPerSecond: number(limits, "tokens_per_second", 0), TokensPerMinute: number(limits, "tokens_per_minute", 0),
		},
		Batch:   spec.Batch{Requests: int(number(batch, "requests", 0)), Bytes: int64(number(batch, "bytes", 0)), Window: text(batch, "window")},
		Timeout: number(n, "timeout", 0), Retries: optionalNumber(n, "retries"), CharsPerToken: number(n, "chars_per_token", 0),
	}
	if v := n.Get("local"); v != nil {
		e.Local = &v.Bool
	}
	return e
}

func decodePrices(n *spec.Node) *spec.Prices {
	p := &spec.Prices{Date: text(n, "date"), Currency: text(n, "currency")}
	for _, m := range members(n, "models") {
		v := m.Value
		p.Models = append(p.Models, spec.Price{Model: m.Name, Input: number(v, "input", 0), Output: number(v, "output", 0),
			Cached: number(v, "cached", 0), Batch: number(v, "batch", 0)})
	}
	return p
}

func decodeEnrichment(n *spec.Node) *spec.Enrichment {
	return &spec.Enrichment{
		Repairs:    int(number(n, "repairs", 0)),
		Quarantine: optionalNumber(n.Get("quarantine"), "at_most"),
		AskAbove:   number(n, "ask_above", 0),
	}
}

func decodeAliases(f spec.Named) spec.AliasSet {
	set := spec.AliasSet{Name: f.Name, Place: f.Place}
	if list := f.Value.Get("columns"); list != nil && list.Kind == spec.ListNode {
		set.Listed = true
		for _, m := range f.Value.Fields {
			if m.Name != "columns" {
				set.Beside = append(set.Beside, nameOf(m))
			}
		}
		for _, n := range list.Items {
			set.Columns = append(set.Columns, decodeAliasColumn(n))
		}
		return set
	}
	for _, m := range f.Value.Fields {
		set.Columns = append(set.Columns, spec.Alias{Field: nameOf(m), Column: m.Value.AsString()})
	}
	return set
}

func decodeAliasColumn(n *spec.Node) spec.Alias {
	a := spec.Alias{Column: n.Get("column").AsString(), Value: n.Get("value")}
	for name, to := range map[string]*spec.String{"field": &a.Field, "type": &a.Type} {
		if s := optionalText(n, name); s != nil {
			*to = *s
		} else {
			to.Place = n.Place
		}
	}
	for _, m := range members(n, "labels") {
		a.Labels = append(a.Labels, spec.LabelAlias{Of: nameOf(m), Label: m.Value.AsString()})
	}
	return a
}

func decodeCard(n *spec.Node) spec.Card {
	plain := func(name string) []string {
		var out []string
		for _, t := range texts(n, name) {
			out = append(out, t.Value)
		}
		return out
	}
	c := spec.Card{
		IntendedUse: plain("intended_use"), OutOfScope: plain("out_of_scope"), Contact: text(n, "contact"), URL: text(n, "url"),
		Repository: text(n, "repository"), DOI: text(n, "doi"), Date: text(n, "date"), Tags: plain("tags"), Tasks: plain("tasks"),
	}
	for _, a := range items(n, "authors") {
		c.Authors = append(c.Authors, spec.Author{
			Name: text(a, "name"), Family: text(a, "family"), Given: text(a, "given"),
			Affiliation: text(a, "affiliation"), URL: text(a, "url"),
		})
	}
	return c
}

var goalKinds = []string{spec.GoalShare, spec.GoalValues, spec.GoalPValue, spec.GoalWritten, spec.GoalChars, spec.GoalModel, spec.GoalScore}

func decodeGoal(f spec.Named) spec.Goal {
	g := spec.Goal{Name: f.Name, Place: f.Place, About: text(f.Value, "about")}
	var n *spec.Node
	for _, kind := range goalKinds {
		if n = f.Value.Get(kind); n != nil {
			g.Kind = kind
			break
		}
	}
	g.Where, g.Within = condition(n, "where"), condition(n, "within")
	if g.Kind == spec.GoalShare {
		g.Percent = number(n, "percent", 0)
	} else {
		for _, m := range members(n, "percent") {
			g.Figures = append(g.Figures, spec.Figure{Label: nameOf(m), Value: m.Value.Number})
		}
	}
	g.Points, g.Above, g.AtLeast = number(n, "points", 0), number(n, "above", 0), number(n, "at_least", 0)
	if t := n.Get("field"); t != nil {
		g.Field = t.AsString()
	}
	g.Margins, g.Fields = flag(n, "margins"), texts(n, "fields")
	if g.Kind == spec.GoalScore {
		g.Score, g.Least, g.Most = decodeScoreOf(n), optionalNumber(n, "at_least"), optionalNumber(n, "at_most")
	}
	for _, j := range items(n, "joints") {
		g.Joints = append(g.Joints, spec.Joint{Place: j.Place, Fields: j.AsStrings()})
	}
	return g
}

func decodeReference(f spec.Named) spec.Reference {
	n := f.Value
	r := spec.Reference{
		Name: f.Name, Place: f.Place, Title: text(n, "title"), Publisher: text(n, "publisher"), URL: text(n, "url"), License: text(n, "license"),
		Note: text(n, "note"), Rows: known(n, "rows"), RowChars: known(n, "row_chars"),
	}
	for _, x := range members(n, "fields") {
		v := x.Value
		r.Fields = append(r.Fields, spec.ReferenceField{
			Field: x.Name, Place: x.Place, Column: text(v, "column"), Absent: flag(v, "absent"), Note: text(v, "note"),
			Chars: known(v, "chars"), ExampleChars: known(v, "example_chars"), Items: known(v, "items"), Values: known(v, "values"),
		})
	}
	return r
}

func known(n *spec.Node, name string) *spec.KnownFigure {
	v := n.Get(name)
	if v == nil {
		return nil
	}
	k := &spec.KnownFigure{Status: text(v, "status"), Origin: text(v, "origin")}
	if is := v.Get("is"); is.Kind == spec.ListNode {
		k.Low, k.High = is.Items[0].Number, is.Items[1].Number
	} else {
		k.Low, k.High = is.Number, is.Number
	}
	if k.Low > k.High {
		k.Low, k.High = k.High, k.Low
	}
	return k
}

// The functions below return the zero value of what is absent. n may be nil.

func nameOf(f spec.Named) spec.String { return spec.String{Value: f.Name, Place: f.Place} }

func text(n *spec.Node, name string) string {
	if v := n.Get(name); v != nil {
		return v.String
	}
	return ""
}

func optionalText(n *spec.Node, name string) *spec.String {
	if v := n.Get(name); v != nil {
		t := v.AsString()
		return &t
	}
	return nil
}

func number(n *spec.Node, name string, absent float64) float64 {
	if v := n.Get(name); v != nil {
		return v.Number
	}
	return absent
}

func optionalNumber(n *spec.Node, name string) *float64 {
	if v := n.Get(name); v != nil {
		return &v.Number
	}
	return nil
}

func flag(n *spec.Node, name string) bool {
	v := n.Get(name)
	return v != nil && v.Bool
}

func condition(n *spec.Node, name string) *spec.Condition {
	if v := n.Get(name); v != nil {
		return v.Cond
	}
	return nil
}

func members(n *spec.Node, name string) []spec.Named {
	if v := n.Get(name); v != nil {
		return v.Fields
	}
	return nil
}

func items(n *spec.Node, name string) []*spec.Node {
	if v := n.Get(name); v != nil {
		return v.Items
	}
	return nil
}

func texts(n *spec.Node, name string) []spec.String {
	return n.Get(name).AsStrings()
}
