package compile

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// compileCalls compiles the calls, and orders them so that each comes after those
// it needs. It also compiles the endpoints that answer them.
func (c *compiler) compileCalls() {
	c.compileWriters()
	k := &calls{compiler: c, writes: map[string][]string{}, parts: map[string][]string{}}
	for i := range c.spec.Calls {
		k.declared = append(k.declared, c.spec.Calls[i].Name)
	}
	k.assignFields()
	for i := range c.spec.Calls {
		k.judge(&c.spec.Calls[i])
	}
	var all []spec.Call
	for i := range c.spec.Calls {
		all = append(all, k.split(&c.spec.Calls[i])...)
	}
	for i := range all {
		k.names = append(k.names, all[i].Name)
	}
	for i := range all {
		if call, needs, ok := k.compile(&all[i]); ok {
			k.compiled, k.needs = append(k.compiled, call), append(k.needs, needs)
		}
	}
	if !c.diags.Failed() {
		k.order()
		k.compileVariation()
	}
}

// calls carries the compilation of the calls.
type calls struct {
	*compiler
	declared []string            // the calls of the spec
	parts    map[string][]string // call of the spec to the calls made of it
	names    []string            // of the calls made
	writes   map[string][]string // call to its fields
	compiled []plan.Call
	needs    [][]need // per compiled call
	avoids   []string // calls whose prompt shows what to avoid
}

// need is a call that must come first, and the place that says so.
type need struct {
	call string
	at   diag.Place
}

// assignFields finds which fields each call writes.
func (k *calls) assignFields() {
	for i := range k.spec.Fields {
		n := k.spec.Fields[i].Body.Get("call")
		if f := k.plan.Fields[i]; (f.Text != nil || f.Judged != nil) && n != nil {
			t := n.AsString()
			if k.mustBeOneOf(t, "call", "unknown-call", k.declared) {
				k.writes[t.Value] = append(k.writes[t.Value], f.Name)
			}
		}
	}
}

// split returns the calls that a call of the spec is made into: itself, or one for each
// share of its fields.
func (k *calls) split(s *spec.Call) []spec.Call {
	fields := k.writes[s.Name]
	if s.AtOnce == 0 || len(fields) <= s.AtOnce {
		k.parts[s.Name] = []string{s.Name}
		return []spec.Call{*s}
	}
	shown := make([]bool, len(s.Examples))
	var out []spec.Call
	for part := range slices.Chunk(fields, s.AtOnce) {
		call := *s
		call.Name, call.Examples = fmt.Sprintf("%s.%d", s.Name, len(out)+1), nil
		foreign := func(a spec.Named) bool { return slices.Contains(fields, a.Name) && !slices.Contains(part, a.Name) }
		for i, x := range s.Examples {
			fits := !slices.ContainsFunc(x.Answer, foreign)
			if k.rangesOver(&x) {
				x.Answer = slices.DeleteFunc(slices.Clone(x.Answer), foreign)
				fits = len(x.Answer) > 0
			}
			if fits {
				call.Examples, shown[i] = append(call.Examples, x), true
			}
		}
		for _, name := range part {
			k.kinds.Fields[name].SetCall(call.Name)
		}
		k.writes[call.Name], k.parts[s.Name] = part, append(k.parts[s.Name], call.Name)
		out = append(out, call)
	}
	for i, x := range s.Examples {
		if !shown[i] {
			k.diags.Warnf(x.Place, "example", "no request asks for all fields that the example answers, so it is not shown").
				WithHint("name the fields in its prompt with {{ range .Fields }}, or answer fields that are asked for together: fields_at_once is %d, in the order of the fields", s.AtOnce)
		}
	}
	return out
}

// rangesOver reports whether the prompt of an example is a template, which names the fields
// that are asked for.
func (k *calls) rangesOver(x *spec.Example) bool {
	w, ok := k.source(x.Prompt)
	return ok && plan.IsTemplate(w.text)
}

// compile compiles a call. It is not ok after a fault.
func (k *calls) compile(s *spec.Call) (call plan.Call, needs []need, ok bool) {
	call = plan.Call{Name: s.Name, Fields: k.writes[s.Name], Model: s.Model, Temperature: s.Temperature, MaxTokens: s.MaxTokens}
	if len(call.Fields) == 0 {
		k.diags.Errorf(s.Place, "idle-call", "call %q writes no field", s.Name).WithHint("name it as the call of a text field or score, or remove it")
		return call, nil, false
	}
	for _, t := range s.After {
		if k.mustBeOneOf(t, "call", "unknown-call", k.declared) {
			for _, part := range k.parts[t.Value] {
				needs = append(needs, need{part, t.Place})
			}
		}
	}
	if s.Endpoint != nil {
		call.Endpoint = s.Endpoint.Value
		k.mustBeOneOf(*s.Endpoint, "endpoint", "unknown-endpoint", k.endpoints())
	}
	template, ok := k.source(s.Prompt)
	if !ok {
		return call, nil, false
	}
	if s.System != nil {
		system, ok := k.source(s.System)
		if !ok {
			return call, nil, false
		}
		call.System = system.text
	}
	for i := range s.Examples {
		call.Examples = append(call.Examples, k.example(&s.Examples[i], &call))
	}
	call.Prompt = template.text
	t := k.parse(template)
	if t == nil {
		return call, nil, false
	}
	for _, ref := range t.References() {
		name, _, _ := strings.Cut(ref.Field, ".")
		f := k.kinds.Fields[name]
		if f == nil {
			continue // .Fields
		}
		if !slices.Contains(call.Sees, name) { // records are named by several paths
			call.Sees = append(call.Sees, name)
		}
		if !f.Class.Added() {
			continue
		}
		if f.Call() == "" && f.Text != nil && f.Text.Offline != nil && k.kinds.Fields[call.Fields[0]].Judged != nil {
			continue // a judge reads what the narrator writes
		}
		if writer, ok := k.writer(f, &call, template.place(ref.Offset)); ok {
			needs = append(needs, need{writer, template.place(ref.Offset)})
		}
	}
	if slices.Contains(t.Fields(), plan.ToWrite+".avoid") {
		k.avoids = append(k.avoids, call.Name)
	}
	needs = append(needs, k.originals(t, s, &call)...)
	k.try(t, template, &call)
	if call.MaxTokens == 0 {
		call.MaxTokens = k.boundTokens(call.Fields)
	}
	return call, needs, true
}

// example compiles an answered call and checks it against the fields of the call.
func (k *calls) example(s *spec.Example, call *plan.Call) plan.Example {
	x := plan.Example{Answer: map[string]plan.Answer{}}
	w, ok := k.source(s.Prompt)
	w.example = true
	if ok {
		x.Prompt = w.text
	}
	for _, a := range s.Answer {
		if !k.mustBeOneOf(spec.String{Value: a.Name, Place: a.Place}, "field of call \""+call.Name+"\"", "unknown-field", call.Fields) {
			continue
		}
		f := k.kinds.Fields[a.Name]
		if f.Scale() {
			if answer, ok := k.exampleScore(a.Value, f); ok {
				x.Answer[f.Name] = answer
			}
			continue
		}
		list := a.Value.Kind == spec.ListNode
		if list != (f.Text != nil && f.Text.Items != nil) || !list && a.Value.Kind != spec.StringNode {
			k.diags.Errorf(a.Value.Place, "example", "the answer for field %q does not have the form of a %s", f.Name, f.Kind).WithHint("answer a text with a string, a text_list with a list of strings, and a score with a whole number")
			continue
		}
		if !list {
			x.Answer[f.Name] = plan.Answer{Text: a.Value.String}
			k.exampleLength(a.Value, f)
			continue
		}
		var items []string
		for _, n := range a.Value.Items {
			items = append(items, n.String)
			k.exampleLength(n, f)
		}
		if n := len(items); n < f.Text.Items.Min || n > f.Text.Items.Max {
			k.diags.Errorf(a.Value.Place, "example", "the example has %d items, and field %q has %d to %d", n, f.Name, f.Text.Items.Min, f.Text.Items.Max).WithHint("an example must meet the limits of an answer")
		}
		x.Answer[f.Name] = plan.Answer{Items: items}
	}
	if ok && plan.IsTemplate(x.Prompt) {
		if t := k.parseOver(w, nil); t != nil {
			k.execute(t, w, map[string]any{}, slices.Sorted(maps.Keys(x.Answer)))
		}
	}
	if len(x.Answer) == 0 && !k.diags.Failed() {
		k.diags.Errorf(s.Place, "example", "the example has no answer").WithHint("give a text for at least one field of call %q", call.Name)
	}
	return x
}

// exampleLength checks the length of an example's answer.
func (k *calls) exampleLength(n *spec.Node, f *kind.Field) {
	chars, c := utf8.RuneCountInString(n.String), f.Chars()
	if chars < c.Min || chars > c.Max {
		k.diags.Errorf(n.Place, "example", "the example has %d characters, and field %q has %d to %d", chars, f.Name, c.Min, c.Max).WithHint("an example must meet the limits of an answer")
	}
}

// exampleScore reads the score of an example's answer.
func (k *calls) exampleScore(n *spec.Node, f *kind.Field) (plan.Answer, bool) {
	if n.Kind != spec.NumberNode || n.Number != math.Trunc(n.Number) || n.Number < float64(f.Domain.Min) || n.Number > float64(f.Domain.Max) {
		k.diags.Errorf(n.Place, "example", "the answer for score %q is not a whole number from %d to %d", f.Name, f.Domain.Min, f.Domain.Max).WithHint("an example must meet the limits of an answer")
		return plan.Answer{}, false
	}
	score := int64(n.Number)
	return plan.Answer{Score: &score}, true
}

// writer returns the call that writes a text which a prompt reads.
func (k *calls) writer(f *kind.Field, reader *plan.Call, at diag.Place) (string, bool) {
	switch {
	case f.Judged != nil:
		k.diags.Errorf(at, "not-written", "the prompt of call %q reads field %q, which is a %s", reader.Name, f.Name, f.Kind).WithHint("a prompt can show texts, not what is said about them")
	case f.Call() == "":
		k.diags.Errorf(at, "not-written", "the prompt of call %q reads field %q, which no call writes", reader.Name, f.Name).WithHint("name a field that is not a text, or give %q a call", f.Name)
	case f.Call() == reader.Name:
		k.diags.Errorf(at, "not-written", "the prompt of call %q reads field %q, which the same call writes", reader.Name, f.Name).WithHint("move one of the fields to another call")
	default:
		return f.Call(), true
	}
	return "", false
}

// boundTokens bounds the tokens of an answer. It counts two characters per token,
// which is few in any language written with letters, plus the names of the fields
// and the punctuation of JSON.
func (k *calls) boundTokens(fields []string) int {
	chars := 0
	for _, name := range fields {
		f, n := k.kinds.Fields[name], 1
		if chars += len(name) + 16; f.Scale() {
			chars += 8
			continue
		}
		if f.Text != nil && f.Text.Items != nil {
			n = f.Text.Items.Max
		}
		chars += n * (f.Chars().Max + 8)
	}
	return chars/2 + 64
}

// order puts each call after those it needs, otherwise in the order of the spec.
// It reports a cycle with its path.
func (k *calls) order() {
	const open, done = 1, 2
	state := map[string]int{}
	var path []string
	var visit func(i int, at diag.Place)
	visit = func(i int, at diag.Place) {
		call := k.compiled[i]
		switch state[call.Name] {
		case done:
			return
		case open:
			cycle := append(slices.Clone(path[slices.Index(path, call.Name):]), call.Name)
			k.diags.Errorf(at, "cycle", "the calls depend on each other: %s", strings.Join(cycle, " -> ")).WithHint("remove a text from one of their prompts, or an after")
			return
		}
		state[call.Name], path = open, append(path, call.Name)
		for _, n := range k.needs[i] {
			if !slices.Contains(call.Needs, n.call) {
				call.Needs = append(call.Needs, n.call)
				visit(slices.Index(k.names, n.call), n.at)
			}
		}
		path, state[call.Name] = path[:len(path)-1], done
		k.plan.Calls = append(k.plan.Calls, call)
	}
	for i := range k.compiled {
		visit(i, diag.Place{})
	}
}
