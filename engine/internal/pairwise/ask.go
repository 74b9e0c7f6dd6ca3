package pairwise

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/personagen/personagen/engine/compare"
	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/internal/enrich"
	"github.com/personagen/personagen/engine/journal"
)

// Options say what is asked.
type Options struct {
	Pairs  int      // how many are wanted
	Fields []string // texts that both sets have
	Traits Traits
	Labels Labels
	Equal  bool   // texts are cut to the same length
	Rubric string // what the model is told, "" for Rubric
	Model  string
	Tries  int // how often a pair is asked about before it is left out
}

// Rubric is what the model is told by default.
const Rubric = `You compare texts about two invented persons, A and B, of about the same age, sex and work. You do not know who wrote them.

Decide whose texts are better. Count, in this order:
1. coherence: sentences follow from each other, and nothing contradicts the facts or other texts of the person;
2. specificity: facts, names, years, places and things of this person, not words that would fit anybody;
3. plausibility: such a person could live like this;
4. respect: for the person's sex, age, origin, belief and work, without clichés;
5. language: correct, in whatever language the text is.
Length is no merit. The country, the language and the kind of life are no merit either. If neither is better, say "tie".`

// answerForm is asked for after every rubric.
const answerForm = `

Answer only with a JSON object that has the keys "reason" (one sentence) and "better" ("A", "B" or "tie").`

var answerSchema = json.RawMessage(`{"type":"object","properties":{"reason":{"type":"string"},"better":{"type":"string","enum":["A","B","tie"]}},"required":["reason","better"],"additionalProperties":false}`)

// maxTokens bounds an answer.
const maxTokens = 400

// Call is how a pair is asked about, for endpoint.Probe.
func Call() endpoint.Call {
	zero := 0.0
	return endpoint.Call{Schema: answerSchema, Temperature: &zero, MaxTokens: maxTokens}
}

// question is a pair in one of its orders.
type question struct {
	pair    int
	swapped bool // theirs is A
	request endpoint.Request
	key     journal.Key
}

// Contest is a comparison of persons that is ready to be judged.
type Contest struct {
	options   Options
	pairs     []pair
	matching  compare.Matching
	chars     [][2]int // of the texts of each pair
	questions []question
	labels    [2]string
}

// New reads both sets and matches their persons.
func New(ctx context.Context, ours, theirs *compare.Input, o Options) (*Contest, error) {
	works, sexes := values{}, values{}
	a, err := readSet(ctx, ours, o.Traits, works, sexes, nil)
	if err != nil {
		return nil, err
	}
	b, err := readSet(ctx, theirs, o.Traits, works, sexes, o.Labels)
	if err != nil {
		return nil, err
	}
	ofOurs, ofTheirs := a.sexes.without(b.sexes), b.sexes.without(a.sexes)
	if o.Traits.Sex != "" && len(ofOurs) == len(a.sexes) {
		return nil, fmt.Errorf("no value of %s is in both sets: %s has %s, and %s has %s; say which are the same with --label '%s:THEIRS=OURS'",
			o.Traits.Sex, ours.Name, a.sexes.some(), theirs.Name, b.sexes.some(), o.Traits.Sex)
	}
	c := &Contest{options: o, labels: [2]string{ours.Name, theirs.Name}}
	c.pairs, c.matching = match(a.persons, b.persons, o.Pairs)
	c.matching.On, c.matching.Alone = o.Traits.Names(), [2][]string{ofOurs, ofTheirs}
	if len(c.pairs) == 0 {
		return nil, fmt.Errorf("no person of %s is like one of %s in %s", ours.Name, theirs.Name, strings.Join(c.matching.On, ", "))
	}
	rows := [2]map[int32]bool{{}, {}}
	for _, p := range c.pairs {
		rows[0][p.ours], rows[1][p.theirs] = true, true
	}
	first, err := readTexts(ctx, ours, o.Fields, rows[0])
	if err != nil {
		return nil, err
	}
	second, err := readTexts(ctx, theirs, o.Fields, rows[1])
	if err != nil {
		return nil, err
	}
	kept := c.pairs[:0]
	for _, p := range c.pairs {
		x, y := pairedTexts(first[p.ours], second[p.theirs], o.Equal)
		if chars(x) == 0 {
			c.matching.Textless++
			continue
		}
		c.ask(len(kept), x, y)
		c.chars = append(c.chars, [2]int{chars(x), chars(y)})
		kept = append(kept, p)
	}
	if c.pairs = kept; len(kept) == 0 {
		return nil, fmt.Errorf("no two persons who are alike have a text of the same field")
	}
	return c, nil
}

// ask adds the two questions about a pair.
func (c *Contest) ask(pair int, ours, theirs []string) {
	for _, swapped := range []bool{false, true} {
		a, b := ours, theirs
		if swapped {
			a, b = theirs, ours
		}
		zero := 0.0
		rubric := c.options.Rubric
		if rubric == "" {
			rubric = Rubric
		}
		q := question{pair: pair, swapped: swapped, request: endpoint.Request{
			System: strings.TrimSpace(rubric) + answerForm,
			User:   c.shown("A", a) + "\n" + c.shown("B", b) + "\nWhose texts are better, those of A or those of B?",
			Schema: answerSchema, Temperature: &zero, MaxTokens: maxTokens,
		}}
		h := sha256.New()
		for _, text := range []string{"pairwise 1", c.options.Model, q.request.System, q.request.User} {
			fmt.Fprintf(h, "%d:%s", len(text), text)
		}
		q.key = journal.MakeKey([32]byte(h.Sum(nil)), int64(pair))
		c.questions = append(c.questions, q)
	}
}

// shown writes the texts of a person.
func (c *Contest) shown(name string, texts []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Texts of %s:\n", name)
	for i, text := range texts {
		if text != "" {
			fmt.Fprintf(&b, "[%s] %s\n", c.options.Fields[i], text)
		}
	}
	return b.String()
}

// record is the journal's record of an answer.
type record struct {
	Better  string `json:"better,omitempty"` // "A", "B" or "tie"
	Reason  string `json:"reason,omitempty"`
	Source  string `json:"source"`            // name of the model
	Refused string `json:"refused,omitempty"` // why no answer was accepted
}

// answered returns the record of a question, nil if there is none.
func answered(j *journal.Journal, q *question) (*record, error) {
	if j == nil {
		return nil, nil
	}
	data, ok, err := j.Get(q.key)
	if err != nil || !ok {
		return nil, err
	}
	r := &record{}
	if err := json.Unmarshal(data, r); err != nil || r.Refused == "" && side(r.Better, false) == 0 {
		return nil, fmt.Errorf("the journal has a record that is not of a comparison")
	}
	return r, nil
}

// Pending counts the questions that the journal does not answer, and estimates their
// tokens.
func (c *Contest) Pending(j *journal.Journal, charsPerToken float64) (questions int64, usage endpoint.Usage, err error) {
	for i := range c.questions {
		q := &c.questions[i]
		r, err := answered(j, q)
		if err != nil {
			return 0, usage, err
		}
		if r == nil {
			questions++
			for _, text := range []string{q.request.System, q.request.User, string(q.request.Schema)} {
				usage.Prompt += endpoint.EstimateTokens(text, charsPerToken)
			}
			usage.Completion += 60 // a sentence
		}
	}
	return questions, usage, nil
}

// grace is how long requests in flight may take after an interruption.
const grace = 20 * time.Second

// Run asks what the journal does not have, as many questions at once as the model
// serves. Every answer is in the journal before the next is asked. The error is one that
// ends the run; the same call continues it.
//
// After an error or the end of the context no new request is made, but Run waits for those
// in flight, after an interruption for some seconds: they may have been paid for.
func (c *Contest) Run(ctx context.Context, m enrich.Model, j *journal.Journal, progress func(done int)) error {
	calls, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, cut) })()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan *question)
	var workers sync.WaitGroup
	var mu sync.Mutex
	done := 0
	var failed error // of single questions
	for range max(1, m.Width()) {
		workers.Go(func() {
			for q := range work {
				err := c.answer(ctx, calls, m, j, q)
				mu.Lock()
				switch {
				case err == nil:
					if done++; progress != nil {
						progress(done)
					}
				case endpoint.KindOf(err) == "" || endpoint.KindOf(err).Fatal():
					cancel(err)
				default:
					failed = err
				}
				mu.Unlock()
			}
		})
	}
deal:
	for i := range c.questions {
		r, err := answered(j, &c.questions[i])
		if err != nil {
			cancel(err)
			break
		}
		if r != nil {
			continue
		}
		select {
		case <-ctx.Done():
			break deal
		case work <- &c.questions[i]:
		}
	}
	close(work)
	workers.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return failed
}

// answer asks a question until an answer is accepted, or has been refused too often.
// Its requests end with calls.
func (c *Contest) answer(ctx, calls context.Context, m enrich.Model, j *journal.Journal, q *question) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	req, fault := q.request, ""
	for range max(1, c.options.Tries) {
		if fault != "" {
			req.User = q.request.User + "\n\nYour last answer could not be used: " + fault
		}
		answer, err := m.Do(calls, req)
		members, bad, failed := enrich.ReadAnswer(answer, err, "better", "reason")
		if failed != nil {
			return failed
		}
		better := verdictOf(members["better"])
		if fault = bad; fault == "" && better == "" {
			fault = `"better" must be "A", "B" or "tie"`
		}
		if fault == "" {
			return put(j, q, record{Better: better, Reason: members["reason"], Source: c.options.Model})
		}
	}
	return put(j, q, record{Source: c.options.Model, Refused: fault})
}

func put(j *journal.Journal, q *question, r record) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return j.Append(journal.Record{Key: q.key, Value: data})
}

// verdictOf reads a verdict as models write it, "" for none.
func verdictOf(text string) string {
	switch strings.ToLower(strings.Trim(text, " \t\n.\"'`*[]()")) {
	case "a", "person a", "text a", "texts of a":
		return "A"
	case "b", "person b", "text b", "texts of b":
		return "B"
	case "tie", "draw", "equal", "neither", "both":
		return "tie"
	}
	return ""
}

// side is whom an answer prefers: 1 for ours, -1 for theirs, 2 for a tie, 0 for none.
func side(better string, swapped bool) int {
	switch {
	case better == "tie":
		return 2
	case better == "A" && !swapped, better == "B" && swapped:
		return 1
	case better == "A", better == "B":
		return -1
	}
	return 0
}
