package enrich

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/internal/prompt"
	"github.com/personagen/personagen/engine/journal"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// task is a field of a person that is to be written.
type task struct {
	field *field
	avoid []string // phrases
	key   journal.Key
	fault string // why the last answer was refused, "" for none
}

// person writes the texts of one person.
type person struct {
	*runner
	block  *block
	row    int
	values map[string]any // what prompts show
	fates  []Fate         // by field number; nil without a Watch
}

func (r *runner) newPerson(b *block, row int) *person {
	p := &person{runner: r, block: b, row: row, values: r.facts(b.batch, row)}
	if r.options.Watch != nil {
		p.fates = make([]Fate, len(r.counts.Fields))
	}
	return p
}

// number is the person's number in the population.
func (p *person) number() int64 { return p.block.batch.First + int64(p.row) }

// setFate records the outcome of a text.
func (p *person) setFate(f *field, fate Fate) {
	if p.fates != nil {
		p.fates[f.number] = fate
	}
}

// write makes the person's calls in order. The error is one that ends the run; if
// the endpoint fails for this person alone, the remaining fields are unanswered.
func (p *person) write(ctx context.Context) error {
	for i := range p.calls {
		c := &p.calls[i]
		tasks, err := p.missing(c)
		if err != nil {
			return err
		}
		if len(tasks) == 0 {
			continue
		}
		left, err := p.ask(ctx, c, tasks)
		if err == nil {
			continue
		}
		p.leave(left, i+1, err)
		if endsRun(err) {
			return err
		}
		return nil
	}
	return nil
}

// endsRun reports whether an error concerns more than one person.
func endsRun(err error) bool {
	kind := endpoint.KindOf(err)
	return kind == "" || kind.Fatal()
}

// missing adds the texts that the journal has of a call's fields to the values, and
// lists the other fields.
func (p *person) missing(c *call) ([]task, error) {
	var tasks []task
	unread := p.block.unread(c, p.values, p.row)
	a, known, err := p.asks(c, p.number(), p.values)
	if err != nil {
		return nil, err
	}
	if !known {
		p.guess(c, a)
	}
	for k := range c.fields {
		f := &c.fields[k]
		if unread || !p.block.applies(c, f, p.row) {
			p.count(func(n *Counts) { n.Fields[f.number].NotApplicable++ })
			continue
		}
		if f.lacksOriginal(p.values) {
			p.setFate(f, Bad)
			p.count(func(n *Counts) { n.Fields[f.number].Untranslated++ })
			continue
		}
		r, key, at, err := p.look(f, a.to(f, p.values), p.block.batch, p.row)
		if err == nil && at != key && p.adopts {
			err = p.adopt(f, r, key)
		}
		switch {
		case err != nil:
			return nil, err
		case r == nil || r.Refused != "" && p.options.Refill:
			tasks = append(tasks, task{field: f, avoid: a.avoids[k].texts(), key: key})
		case r.Refused != "":
			p.setFate(f, Bad)
			p.count(func(n *Counts) { n.Fields[f.number].Quarantined++ })
		default:
			p.values[f.Name] = r.value(f)
			p.remember(f, r)
			p.setFate(f, Good)
			p.count(func(n *Counts) { n.Fields[f.number].Cached++ })
		}
	}
	return tasks, nil
}

// remember keeps an accepted text, so that no other person gets it. Judgements repeat.
func (p *person) remember(f *field, r *record) {
	if f.Text != nil {
		p.rubbishSeen.remember(r, p.number())
	}
}

// guess fills in phrases that will have to be avoided and are not known yet, for an estimate.
func (p *person) guess(c *call, a *asked) {
	for i := range c.fields {
		if a.avoids[i] == nil {
			a.avoids[i] = p.avoid.placeholders(&c.fields[i])
		}
	}
}

// adopt writes the record of an earlier version under its key of this one.
func (p *person) adopt(f *field, r *record, key journal.Key) error {
	p.count(func(n *Counts) { n.Fields[f.number].Adopted++ })
	return p.journal.Append(journal.Record{Key: key, Value: r.bytes()})
}

// ask asks for fields until all are accepted or have been refused too often; the
// latter are quarantined. With an error it returns the remaining tasks.
func (p *person) ask(ctx context.Context, c *call, tasks []task) ([]task, error) {
	for try := 1; try <= p.options.Tries && len(tasks) > 0; try++ {
		if ctx.Err() != nil {
			return tasks, context.Cause(ctx)
		}
		req, err := p.request(ctx, c, tasks)
		if err != nil {
			return tasks, err
		}
		model := p.model
		if c.own != nil {
			model = c.own
		}
		answer, err := model.Do(p.life, req)
		text, fault, err := answerText(answer, err)
		if err != nil {
			return tasks, err
		}
		p.count(func(n *Counts) {
			n.Calls++
			n.Usage = addUsage(n.Usage, answer.Usage)
		})
		if tasks, err = p.accept(c, req, tasks, text, fault, try > 1); err != nil {
			return tasks, err
		}
	}
	return tasks, p.quarantine(c, tasks)
}

func addUsage(a, b endpoint.Usage) endpoint.Usage {
	return endpoint.Usage{Prompt: a.Prompt + b.Prompt, Completion: a.Completion + b.Completion, Cached: a.Cached + b.Cached, Reasoning: a.Reasoning + b.Reasoning}
}

// answerText separates answers that were paid for, whose fault is set if they are
// worthless, from failures of the endpoint.
func answerText(answer endpoint.Answer, err error) (text, fault string, failed error) {
	switch kind := endpoint.KindOf(err); {
	case err == nil && answer.FinishReason == "length", kind == endpoint.Truncated:
		return "", "the answer was too long and was cut off; observe the lengths", nil
	case kind == endpoint.Refused:
		return "", "no text was written: " + err.Error(), nil
	case err != nil:
		return "", "", err
	}
	return answer.Text, "", nil
}

// accept puts the good fields of an answer into the journal and returns the
// others, each with its fault.
func (p *person) accept(c *call, req endpoint.Request, tasks []task, text, fault string, again bool) ([]task, error) {
	good, bad := p.checkAnswer(c, req, tasks, text, fault)
	if len(good) == 0 {
		return bad, nil
	}
	var written []journal.Record
	for _, g := range good {
		written = append(written, journal.Record{Key: g.key, Value: g.record.bytes()})
	}
	if err := p.journal.Append(written...); err != nil {
		return tasks, err
	}
	for _, g := range good {
		p.setFate(g.field, Good)
		p.values[g.field.Name] = g.record.value(g.field)
	}
	p.count(func(n *Counts) {
		for _, g := range good {
			n.Fields[g.field.number].Accepted++
			if again {
				n.Fields[g.field.number].Repaired++
			}
		}
	})
	return bad, nil
}

// accepted is a task with its record.
type accepted struct {
	task
	record *record
}

// checkAnswer separates the good fields of an answer from the others, each with
// its fault. A fault of the whole answer is that of every field. The request is the
// one that was answered.
func (p *person) checkAnswer(c *call, req endpoint.Request, tasks []task, text, fault string) (good []accepted, bad []task) {
	var names []string
	for _, t := range tasks {
		names = append(names, t.field.Name)
	}
	var said *sent // when needed
	model := p.variant(c, p.number()).model
	members, err := parseAnswer(text, names)
	if fault == "" && err != nil {
		fault = err.Error()
	}
	for _, t := range tasks {
		r := &record{Field: t.field.Name, Source: model}
		if t.fault = fault; fault == "" {
			t.fault = p.checkField(t.field, members[t.field.Name], r)
		}
		if fault == "" && t.field.Text != nil && (r.Text != "" || r.Items != nil) { // also of what breaks a rule: it is asked for again with all reasons
			if said == nil {
				said = newSent(req, p.values)
				for _, t := range tasks { // what must be avoided recurs in texts, as the request says
					for _, phrase := range t.avoid {
						said.disown(phrase)
					}
				}
			}
			if rubbish := p.rubbish(c, t.field, r, said); rubbish != "" {
				t.fault = strings.Trim(rubbish+"; "+t.fault, "; ")
			}
		}
		if t.fault != "" {
			bad = append(bad, t)
		} else {
			p.remember(t.field, r)
			good = append(good, accepted{t, r})
		}
	}
	if p.options.Refused != nil && len(bad) > 0 {
		faults := map[string]string{}
		for _, t := range bad {
			faults[t.field.Name] = t.fault
		}
		p.options.Refused(p.number(), c.Name, text, faults)
	}
	return good, bad
}

// checkField puts a member of an answer into a record and returns its fault, ""
// for none.
func (p *person) checkField(f *field, member json.RawMessage, r *record) string {
	ok := false
	switch {
	case member == nil:
		return "the answer does not have this field"
	case f.Judged != nil:
		return judgement(f, member, r)
	case f.Text.Items != nil:
		if r.Items, ok = asItems(member); !ok {
			return "it must be a list of strings"
		}
	default:
		if r.Text, ok = asText(member); !ok {
			return "it must be a string"
		}
	}
	return p.block.faults(f, p.row, r, f.originalIn(p.values))
}

// quarantine records that no answer for these fields was accepted.
func (p *person) quarantine(c *call, tasks []task) error {
	if len(tasks) == 0 {
		return nil
	}
	var records []journal.Record
	model := p.variant(c, p.number()).model
	for _, t := range tasks {
		r := record{Field: t.field.Name, Source: model, Refused: t.fault}
		records = append(records, journal.Record{Key: t.key, Value: r.bytes()})
	}
	if err := p.journal.Append(records...); err != nil {
		return err
	}
	p.count(func(n *Counts) {
		for _, t := range tasks {
			p.setFate(t.field, Bad)
			n.Fields[t.field.number].Quarantined++
		}
	})
	return nil
}

// leave counts the tasks, and all fields of the calls from a number on, as
// unanswered.
func (p *person) leave(tasks []task, from int, err error) {
	p.count(func(n *Counts) {
		if err != nil {
			n.Failure = err.Error()
		}
		for _, t := range tasks {
			p.setFate(t.field, Bad)
			n.Fields[t.field.number].Unanswered++
		}
		for i := from; i < len(p.calls); i++ {
			for k := range p.calls[i].fields {
				f := &p.calls[i].fields[k]
				if p.block.applies(&p.calls[i], f, p.row) {
					p.setFate(f, Bad)
					n.Fields[f.number].Unanswered++
				} else {
					n.Fields[f.number].NotApplicable++
				}
			}
		}
	})
}

// request renders a call for the fields that are asked for.
func (p *person) request(ctx context.Context, c *call, tasks []task) (endpoint.Request, error) {
	user, err := c.render(ctx, p.values, p.block, p.row, tasks)
	if err != nil {
		return endpoint.Request{}, fmt.Errorf("the prompt of call %q for person %d: %w", c.Name, p.number(), err)
	}
	v := p.variant(c, p.number())
	examples, err := v.turns(ctx, tasks)
	if err != nil {
		return endpoint.Request{}, fmt.Errorf("the prompt of an example of call %q: %w", c.Name, err)
	}
	return endpoint.Request{Model: v.model, System: c.System, Examples: examples, User: user, Schema: schemaOf(tasks), Temperature: v.temperature, MaxTokens: c.MaxTokens}, nil
}

// turns returns the examples that are shown, reduced to the fields that are asked for,
// without those that answer none of them.
func (v *variant) turns(ctx context.Context, tasks []task) ([]endpoint.Turn, error) {
	var turns []endpoint.Turn
	for _, x := range v.examples {
		var b strings.Builder
		var fields []map[string]any
		for _, t := range tasks {
			a, ok := x.Answer[t.field.Name]
			if !ok {
				continue
			}
			var value any = a.Text
			switch {
			case a.Score != nil:
				value = *a.Score
			case listed(t.field.Field):
				value = a.Items
			}
			data, _ := json.Marshal(value) // strings always marshal
			fmt.Fprintf(&b, ",%s:%s", quoted(t.field.Name), data)
			fields = append(fields, plan.Writing(t.field.Field, nil, nil, "", ""))
		}
		if b.Len() == 0 {
			continue
		}
		turn := endpoint.Turn{User: x.Prompt, Answer: "{" + b.String()[1:] + "}"}
		if x.template != nil {
			var text strings.Builder
			if err := x.template.Execute(ctx, &text, map[string]any{plan.ToWrite: fields}); err != nil {
				return nil, err
			}
			turn.User = text.String()
		}
		turns = append(turns, turn)
	}
	return turns, nil
}

func (c *call) render(ctx context.Context, values map[string]any, b *block, row int, tasks []task) (string, error) {
	fields := make([]map[string]any, len(tasks))
	for i, t := range tasks {
		var mentions []string
		for _, column := range t.field.mentions {
			if value := string(prompt.AppendText(nil, kind.CellValue(b.batch, column, row))); value != "" {
				mentions = append(mentions, value)
			}
		}
		fields[i] = plan.Writing(t.field.Field, mentions, t.avoid, t.field.originalIn(values), t.fault)
	}
	values[plan.ToWrite] = fields
	var text strings.Builder
	if err := c.template.Execute(ctx, &text, values); err != nil {
		return "", err
	}
	if !c.showsFaults {
		appendFaults(&text, tasks)
	}
	return text.String(), nil
}

// appendFaults appends what was wrong with the last answer to a prompt that does
// not show it itself.
func appendFaults(text *strings.Builder, tasks []task) {
	first := true
	for _, t := range tasks {
		if t.fault == "" {
			continue
		}
		if first {
			text.WriteString("\n\nYour last answer could not be used. Correct this:\n")
			first = false
		}
		fmt.Fprintf(text, "- %s: %s\n", t.field.Name, t.fault)
	}
}
