package spec

import (
	"strconv"

	"github.com/personagen/personagen/engine/diag"
)

// decode makes the Spec of its nodes, which have been checked against the
// schema: what is required is there and has the right type.
func (l *loader) decode(root *Node, src source) *Spec {
	s := &Spec{
		File:        src.shown,
		Dir:         src.dir,
		Place:       diag.Place{File: l.shown(src.files[0])},
		Name:        root.text("name"),
		Title:       root.text("title"),
		Description: root.text("description"),
		Language:    root.text("language"),
		License:     root.text("license"),
		Version:     root.text("version"),
		Population:  decodePopulation(root.Get("population")),
		shown:       l.shown,
	}
	for _, t := range root.texts("limitations") {
		s.Limitations = append(s.Limitations, t.Value)
	}
	for _, f := range root.members("sources") {
		s.Sources = append(s.Sources, decodeSource(f))
	}
	for _, f := range root.members("fields") {
		s.Fields = append(s.Fields, decodeField(f))
	}
	for _, f := range root.members("aliases") {
		s.Aliases = append(s.Aliases, decodeAliases(f))
	}
	for _, f := range root.members("tables") {
		s.Tables = append(s.Tables, decodeTable(f))
	}
	for _, n := range root.items("impossible") {
		s.Impossible = append(s.Impossible, n.Cond)
	}
	for _, n := range root.items("joints") {
		s.Joints = append(s.Joints, Joint{Place: n.Place, Fields: n.AsStrings()})
	}
	for _, f := range root.members("correlations") {
		s.Correlations = append(s.Correlations, decodeCorrelation(f))
	}
	for _, f := range root.members("roles") {
		s.Roles = append(s.Roles, Role{Name: f.Name, Field: f.Value.AsString()})
	}
	for _, f := range root.members("checks") {
		s.Checks = append(s.Checks, decodeCheck(f))
	}
	for _, f := range root.members("references") {
		s.References = append(s.References, decodeReference(f))
	}
	for _, f := range root.members("goals") {
		s.Goals = append(s.Goals, decodeGoal(f))
	}
	if n := root.Get("narrator"); n != nil {
		s.Narrator = decodeNarrator(n)
	}
	for _, f := range root.members("rules") {
		s.Rules = append(s.Rules, decodeRule(f))
	}
	for _, f := range root.members("languages") {
		s.Languages = append(s.Languages, decodeLanguage(f))
	}
	s.Groups = root.texts("groups")
	for _, f := range root.members("calls") {
		s.Calls = append(s.Calls, decodeCall(f))
	}
	for _, f := range root.members("endpoints") {
		s.Endpoints = append(s.Endpoints, decodeEndpoint(f))
	}
	if n := root.Get("prices"); n != nil {
		s.Prices = decodePrices(n)
	}
	if n := root.Get("enrichment"); n != nil {
		s.Enrichment = decodeEnrichment(n)
	}
	if n := root.Get("card"); n != nil {
		s.Card = decodeCard(n)
	}
	return s
}

func decodePopulation(n *Node) Population {
	seed, err := strconv.ParseUint(n.text("seed"), 10, 64)
	if err != nil {
		panic(err) // the schema limits it
	}
	return Population{
		Place:   n.Place,
		Size:    int64(n.number("size", 0)),
		Seed:    seed,
		Persons: int64(n.number("persons", 0)),
		Where:   n.condition("where"),
	}
}

func decodeSource(f Named) Source {
	n := f.Value
	return Source{
		Name: f.Name, Place: f.Place,
		Publisher: n.text("publisher"), Title: n.text("title"), Year: int(n.number("year", 0)), Date: n.text("date"),
		URL: n.text("url"), License: n.text("license"), Note: n.text("note"),
	}
}

func decodeField(f Named) Field {
	n := f.Value
	return Field{
		Name: f.Name, Place: f.Place, Kind: n.text("kind"),
		Title: n.text("title"), About: n.text("about"), Unit: n.text("unit"),
		Source: n.text("source"), Status: n.text("status"), Note: n.text("note"),
		Hidden: n.flag("hidden"), When: n.condition("when"), Body: n,
	}
}

func decodeTable(f Named) Table {
	n := f.Value
	t := Table{
		Name: f.Name, Place: f.Place, Title: n.text("title"),
		Over: n.texts("over"), Given: n.texts("given"), Where: n.condition("where"),
		Role: n.text("role"), Weight: n.number("weight", 0), Rest: n.optionalText("rest"), Partial: n.flag("partial"),
		Rounded: n.number("rounded", 0), Tolerance: n.number("tolerance", -1),
		Source: n.text("source"), Status: n.text("status"), Note: n.text("note"), Year: int(n.number("year", 0)),
	}
	if csv := n.Get("csv"); csv != nil {
		t.CSV, t.Measure, t.Value, t.Add = csv.Rows(), csv.text("measure"), csv.Get("value").AsString(), csv.flag("add")
		return t
	}
	for _, measure := range []string{"shares", "percent", "counts"} {
		if figures := n.Get(measure); figures != nil {
			t.Inline, t.Measure = figures, measure
		}
	}
	return t
}

func decodeCorrelation(f Named) Correlation {
	n := f.Value
	c := Correlation{Name: f.Name, Place: f.Place, Fields: n.texts("fields"),
		Source: n.text("source"), Status: n.text("status"), Note: n.text("note")}
	for _, row := range n.items("matrix") {
		var numbers []float64
		for _, cell := range row.Items {
			numbers = append(numbers, cell.Number)
		}
		c.Matrix = append(c.Matrix, numbers)
	}
	return c
}

func decodeCheck(f Named) Check {
	n := f.Value
	return Check{
		Name: f.Name, Place: f.Place, About: n.text("about"), Severity: n.text("severity"),
		Where: n.condition("where"), Within: n.condition("within"),
		Measure: n.optionalText("measure"), Of: n.optionalText("of"),
		AtLeast: n.optionalNumber("at_least"), AtMost: n.optionalNumber("at_most"),
	}
}

func decodeNarrator(n *Node) *Narrator {
	out := &Narrator{Place: n.Place}
	for _, b := range n.items("banks") {
		out.Banks = append(out.Banks, BankFile{Path: b.Path, Place: b.Place})
	}
	if f := n.Get("forms"); f != nil {
		out.Forms = &Forms{By: f.Get("by").AsString(), Values: f.texts("values")}
	}
	return out
}

func decodeRule(f Named) Rule {
	n := f.Value
	r := Rule{
		Name: f.Name, Place: f.Place, About: n.text("about"), Severity: n.text("severity"), When: n.condition("when"),
		Never: n.texts("never"), NeverMatch: n.optionalText("never_match"), Fields: n.texts("fields"),
	}
	if x := n.Get("number"); x != nil {
		r.Number = &NumberRule{Match: x.Get("match").AsString(), Field: x.Get("field").AsString()}
	}
	if x := n.Get("by"); x != nil {
		r.By = &ByValue{Field: x.Get("field").AsString(), Said: x.texts("said"), Unless: x.texts("unless"), Opening: x.flag("opening")}
		for _, v := range x.members("words") {
			r.By.Words = append(r.By.Words, ValueWords{String{v.Name, v.Place}, v.Value.AsStrings()})
		}
	}
	return r
}

func decodeLanguage(f Named) Language {
	n := f.Value
	l := Language{
		Name: f.Name, Place: f.Place, Letters: n.text("letters"), Own: n.flag("own"), Foreign: n.number("foreign", 1),
		Accented: n.number("accented", 0), Common: n.number("common", 0), Least: int(n.number("least", 1)),
	}
	for _, w := range n.texts("words") {
		l.Words = append(l.Words, w.Value)
	}
	return l
}

func decodeCall(f Named) Call {
	n := f.Value
	c := Call{
		Name: f.Name, Place: f.Place, Prompt: n.Get("prompt"), System: n.Get("system"),
		Model: n.text("model"), Temperature: n.optionalNumber("temperature"), MaxTokens: int(n.number("max_tokens", 0)),
		After: n.texts("after"),
	}
	for _, x := range n.items("examples") {
		c.Examples = append(c.Examples, Example{Place: x.Place, Prompt: x.Get("prompt"), Answer: x.members("answer")})
	}
	return c
}

func decodeEndpoint(f Named) Endpoint {
	n, limits, batch := f.Value, f.Value.Get("limits"), f.Value.Get("batch")
	e := Endpoint{
		Name: f.Name, Place: f.Place, BaseURL: n.optionalText("base_url"), KeyVar: n.optionalText("key_var"),
		Model: n.text("model"), Mode: n.text("mode"), TokensField: n.text("tokens_field"),
		Extra: n.members("extra"), Headers: n.members("headers"),
		Workers: int(n.number("workers", 0)), MaxInFlight: int(n.number("max_in_flight", 0)),
		Limits: Limits{
			RequestsPerSecond: limits.number("requests_per_second", 0), RequestsPerMinute: limits.number("requests_per_minute", 0),
			TokensPerSecond: limits.number("tokens_per_second", 0), TokensPerMinute: limits.number("tokens_per_minute", 0),
		},
		Batch:   Batch{Requests: int(batch.number("requests", 0)), Bytes: int64(batch.number("bytes", 0)), Window: batch.text("window")},
		Timeout: n.number("timeout", 0), Retries: n.optionalNumber("retries"), CharsPerToken: n.number("chars_per_token", 0),
	}
	if v := n.Get("local"); v != nil {
		e.Local = &v.Bool
	}
	return e
}

func decodePrices(n *Node) *Prices {
	p := &Prices{Date: n.text("date"), Currency: n.text("currency")}
	for _, m := range n.members("models") {
		v := m.Value
		p.Models = append(p.Models, Price{Model: m.Name, Input: v.number("input", 0), Output: v.number("output", 0),
			Cached: v.number("cached", 0), Batch: v.number("batch", 0)})
	}
	return p
}

func decodeEnrichment(n *Node) *Enrichment {
	return &Enrichment{
		Repairs:    int(n.number("repairs", 0)),
		Quarantine: n.Get("quarantine").optionalNumber("at_most"),
		AskAbove:   n.number("ask_above", 0),
	}
}

func decodeAliases(f Named) AliasSet {
	set := AliasSet{Name: f.Name, Place: f.Place}
	for _, m := range f.Value.Fields {
		set.Columns = append(set.Columns, Alias{Field: String{m.Name, m.Place}, Column: m.Value.AsString()})
	}
	return set
}

func decodeCard(n *Node) Card {
	plain := func(name string) []string {
		var out []string
		for _, t := range n.texts(name) {
			out = append(out, t.Value)
		}
		return out
	}
	c := Card{
		IntendedUse: plain("intended_use"), OutOfScope: plain("out_of_scope"), Contact: n.text("contact"), URL: n.text("url"),
		Repository: n.text("repository"), DOI: n.text("doi"), Date: n.text("date"), Tags: plain("tags"), Tasks: plain("tasks"),
	}
	for _, a := range n.items("authors") {
		c.Authors = append(c.Authors, Author{a.text("name"), a.text("family"), a.text("given"), a.text("affiliation"), a.text("url")})
	}
	return c
}

// The accessors below give the zero value for what is absent.

func (n *Node) text(name string) string {
	if v := n.Get(name); v != nil {
		return v.String
	}
	return ""
}

func (n *Node) optionalText(name string) *String {
	if v := n.Get(name); v != nil {
		t := v.AsString()
		return &t
	}
	return nil
}

func (n *Node) number(name string, absent float64) float64 {
	if v := n.Get(name); v != nil {
		return v.Number
	}
	return absent
}

func (n *Node) optionalNumber(name string) *float64 {
	if v := n.Get(name); v != nil {
		return &v.Number
	}
	return nil
}

func (n *Node) flag(name string) bool {
	v := n.Get(name)
	return v != nil && v.Bool
}

func (n *Node) condition(name string) *Condition {
	if v := n.Get(name); v != nil {
		return v.Cond
	}
	return nil
}

func (n *Node) members(name string) []Named {
	if v := n.Get(name); v != nil {
		return v.Fields
	}
	return nil
}

func (n *Node) items(name string) []*Node {
	if v := n.Get(name); v != nil {
		return v.Items
	}
	return nil
}

func (n *Node) texts(name string) []String {
	return n.Get(name).AsStrings()
}
