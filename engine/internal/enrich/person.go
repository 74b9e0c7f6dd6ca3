package enrich

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/internal/prompt"
	"github.com/personagen/personagen/engine/journal"
	"github.com/personagen/personagen/engine/plan"
)

// task is a field of a person that is to be written.
type task struct {
	field *field
	key   journal.Key
	fault string // why the last answer was refused
}

// person writes the texts of one person. Values are what prompts see of them.
type person struct {
	*runner
	block  *block
	row    int
	values map[string]any
	fates  []Fate // by field number; nil when nobody watches
}

// fate notes what became of a text.
func (p *person) fate(f *field, fate Fate) {
	if p.fates != nil {
		p.fates[f.number] = fate
	}
}

// write makes the person's calls in order. The error is one that ends the run;
// when the endpoint fails for this person alone, what is left stays unanswered.
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

// missing fills in what the journal has of a call's fields and lists the rest.
func (p *person) missing(c *call) ([]task, error) {
	var tasks []task
	shown := c.shown(p.values)
	for k := range c.fields {
		f := &c.fields[k]
		if !p.block.applies(f, p.row) {
			p.count(func(n *Counts) { n.Fields[f.number].NotApplicable++ })
			continue
		}
		key := f.key(shown, p.block.batch, p.row)
		r, err := p.find(key)
		switch {
		case err != nil:
			return nil, err
		case r == nil || r.Refused != "" && p.options.Refill:
			tasks = append(tasks, task{field: f, key: key})
		case r.Refused != "":
			p.fate(f, Bad)
			p.count(func(n *Counts) { n.Fields[f.number].Quarantined++ })
		default:
			p.values[f.Name] = r.value(f.Text.Items != nil)
			p.fate(f, Good)
			p.count(func(n *Counts) { n.Fields[f.number].Cached++ })
		}
	}
	return tasks, nil
}

// ask asks for fields until all are accepted or have been refused too often,
// which sets them aside. With an error it returns the tasks that are left.
func (p *person) ask(ctx context.Context, c *call, tasks []task) ([]task, error) {
	for try := 1; try <= p.options.Tries && len(tasks) > 0; try++ {
		if ctx.Err() != nil {
			return tasks, context.Cause(ctx)
		}
		req, err := p.request(c, tasks)
		if err != nil {
			return tasks, err
		}
		answer, err := p.model.Do(p.life, req)
		text, fault, err := outcome(answer, err)
		if err != nil {
			return tasks, err
		}
		p.count(func(n *Counts) {
			n.Calls++
			n.Usage = addUsage(n.Usage, answer.Usage)
		})
		if tasks, err = p.take(c, tasks, text, fault, try > 1); err != nil {
			return tasks, err
		}
	}
	return tasks, p.quarantine(c, tasks)
}

func addUsage(a, b endpoint.Usage) endpoint.Usage {
	return endpoint.Usage{Prompt: a.Prompt + b.Prompt, Completion: a.Completion + b.Completion, Cached: a.Cached + b.Cached, Reasoning: a.Reasoning + b.Reasoning}
}

// outcome tells an answer that was paid for, be it worthless, from a failure of
// the endpoint.
func outcome(answer endpoint.Answer, err error) (text, fault string, failed error) {
	switch kind := endpoint.KindOf(err); {
	case err == nil && answer.FinishReason == "length", kind == endpoint.Truncated:
		return "", "the answer was too long and was cut off; keep to the lengths", nil
	case kind == endpoint.Refused:
		return "", "no text was written: " + err.Error(), nil
	case err != nil:
		return "", "", err
	}
	return answer.Text, "", nil
}

// take accepts the good fields of an answer and returns the others, each with
// what is wrong with it.
func (p *person) take(c *call, tasks []task, text, fault string, again bool) ([]task, error) {
	good, bad := p.sift(c, tasks, text, fault)
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
		p.fate(g.field, Good)
		p.values[g.field.Name] = g.record.value(g.field.Text.Items != nil)
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

// accepted is a task with the record that fulfils it.
type accepted struct {
	task
	record *record
}

// sift takes an answer apart and tells the good fields from the others, each
// with what is wrong with it. A fault concerns all of the answer.
func (p *person) sift(c *call, tasks []task, text, fault string) (good []accepted, bad []task) {
	members, err := parseAnswer(text)
	if fault == "" && err != nil {
		fault = err.Error()
	}
	for _, t := range tasks {
		r := &record{Field: t.field.Name, Source: c.model}
		if t.fault = fault; fault == "" {
			t.fault = p.judge(t.field, members[t.field.Name], r)
		}
		if t.fault != "" {
			bad = append(bad, t)
		} else {
			good = append(good, accepted{t, r})
		}
	}
	return good, bad
}

// judge puts a member of an answer into a record and says what is wrong with
// it, "" when nothing is.
func (p *person) judge(f *field, member json.RawMessage, r *record) string {
	ok := false
	switch {
	case member == nil:
		return "the answer does not have it"
	case f.Text.Items != nil:
		if r.Items, ok = asItems(member); !ok {
			return "it must be a list of texts"
		}
	default:
		if r.Text, ok = asText(member); !ok {
			return "it must be a text"
		}
	}
	return p.block.faults(f, p.row, r)
}

// quarantine records that nothing acceptable came for these fields.
func (p *person) quarantine(c *call, tasks []task) error {
	if len(tasks) == 0 {
		return nil
	}
	var records []journal.Record
	for _, t := range tasks {
		r := record{Field: t.field.Name, Source: c.model, Refused: t.fault}
		records = append(records, journal.Record{Key: t.key, Value: r.bytes()})
	}
	if err := p.journal.Append(records...); err != nil {
		return err
	}
	p.count(func(n *Counts) {
		for _, t := range tasks {
			p.fate(t.field, Bad)
			n.Fields[t.field.number].Quarantined++
		}
	})
	return nil
}

// leave counts what stays unanswered: the tasks, and all fields of later calls.
func (p *person) leave(tasks []task, from int, err error) {
	p.count(func(n *Counts) {
		if err != nil {
			n.Failure = err.Error()
		}
		for _, t := range tasks {
			p.fate(t.field, Bad)
			n.Fields[t.field.number].Unanswered++
		}
		for i := from; i < len(p.calls); i++ {
			for k := range p.calls[i].fields {
				f := &p.calls[i].fields[k]
				if p.block.applies(f, p.row) {
					p.fate(f, Bad)
					n.Fields[f.number].Unanswered++
				} else {
					n.Fields[f.number].NotApplicable++
				}
			}
		}
	})
}

// request renders a call for the fields that are asked for.
func (p *person) request(c *call, tasks []task) (endpoint.Request, error) {
	user, err := c.render(p.values, p.block, p.row, tasks)
	if err != nil {
		return endpoint.Request{}, fmt.Errorf("the prompt of call %q for person %d: %w", c.Name, p.block.batch.First+int64(p.row), err)
	}
	return endpoint.Request{System: c.System, Examples: c.turns(tasks), User: user, Schema: schemaOf(tasks), Temperature: c.Temperature, MaxTokens: c.MaxTokens}, nil
}

// turns makes the call's examples for the fields that are asked for; those that
// answer none of them are left out.
func (c *call) turns(tasks []task) []endpoint.Turn {
	var turns []endpoint.Turn
	for _, x := range c.Examples {
		var b strings.Builder
		for _, t := range tasks {
			a, ok := x.Answer[t.field.Name]
			if !ok {
				continue
			}
			var value any = a.Text
			if t.field.Text.Items != nil {
				value = a.Items
			}
			data, _ := json.Marshal(value) // texts always marshal
			fmt.Fprintf(&b, ",%s:%s", quoted(t.field.Name), data)
		}
		if b.Len() > 0 {
			turns = append(turns, endpoint.Turn{User: x.Prompt, Answer: "{" + b.String()[1:] + "}"})
		}
	}
	return turns
}

func (c *call) render(values map[string]any, b *block, row int, tasks []task) (string, error) {
	fields := make([]map[string]any, len(tasks))
	for i, t := range tasks {
		var mentions []string
		for _, column := range t.field.mentions {
			if said := string(prompt.AppendText(nil, cell(b.batch, column, row))); said != "" {
				mentions = append(mentions, said)
			}
		}
		fields[i] = plan.Writing(t.field.Field, mentions, t.fault)
	}
	values[plan.ToWrite] = fields
	var text strings.Builder
	if err := c.template.Execute(&text, values); err != nil {
		return "", err
	}
	if !c.says {
		appendFaults(&text, tasks)
	}
	return text.String(), nil
}

// appendFaults says what was wrong with the last answer after a prompt that
// does not say it itself.
func appendFaults(text *strings.Builder, tasks []task) {
	said := false
	for _, t := range tasks {
		if t.fault == "" {
			continue
		}
		if !said {
			text.WriteString("\n\nYour last answer could not be used. Mend this:\n")
			said = true
		}
		fmt.Fprintf(text, "- %s: %s\n", t.field.Name, t.fault)
	}
}
