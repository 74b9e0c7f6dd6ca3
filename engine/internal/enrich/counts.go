package enrich

import (
	"maps"
	"regexp"
	"strings"

	"github.com/personagen/personagen/engine/endpoint"
)

// FieldCounts counts the outcomes of a text field. Accepted, Cached, Quarantined,
// NotApplicable, Untranslated and Unanswered add up to the number of persons.
type FieldCounts struct {
	Field    string `json:"field"`
	Accepted int64  `json:"accepted"` // in this run
	Repaired int64  `json:"repaired"` // of those, not at the first try
	Cached   int64  `json:"cached"`   // found in the journal
	// Adopted counts the records that this run found under keys of an earlier version
	// and took over; they are among Cached and Quarantined.
	Adopted       int64 `json:"adopted,omitempty"`
	Quarantined   int64 `json:"quarantined"`    // refused too often, now or earlier
	NotApplicable int64 `json:"not_applicable"` // the person has no such field
	// Untranslated counts the translations that were not asked for, because the person
	// has not got the original.
	Untranslated int64 `json:"untranslated,omitempty"`
	Unanswered   int64 `json:"unanswered"` // the endpoint failed; a later run asks again
	// Reasons counts the quarantined by why the last answer was refused. Only a Reader
	// counts them.
	Reasons map[string]int64 `json:"reasons,omitempty"`
}

// mostReasons bounds the reasons that are counted for a field.
const mostReasons = 20

// otherReasons stands for the reasons beyond mostReasons.
const otherReasons = "other reasons"

var (
	quotedPart = regexp.MustCompile(`"(\\.|[^"\\])*"`)
	digits     = regexp.MustCompile(`[0-9]+`)
)

// reasonOf returns the kind of a fault: without the words that it quotes and without
// numbers, which differ from text to text.
func reasonOf(fault string) string {
	fault, _, _ = strings.Cut(fault, "\n")
	fault = digits.ReplaceAllString(quotedPart.ReplaceAllString(fault, `"…"`), "N")
	if runes := []rune(fault); len(runes) > 200 {
		fault = string(runes[:200]) + "…"
	}
	return fault
}

func (n *FieldCounts) refuse(fault string) {
	n.Quarantined++
	if n.Reasons == nil {
		n.Reasons = map[string]int64{}
	}
	reason := reasonOf(fault)
	if _, known := n.Reasons[reason]; !known && len(n.Reasons) >= mostReasons {
		reason = otherReasons
	}
	n.Reasons[reason]++
}

// Counts is the progress of a run and what it used.
type Counts struct {
	Persons int64          `json:"persons"`
	Fields  []FieldCounts  `json:"fields"`
	Calls   int64          `json:"calls"` // requests that were answered, well or badly
	Usage   endpoint.Usage `json:"usage"`
	// Failure is the last reason why fields are unanswered.
	Failure string `json:"failure,omitempty"`
}

// Total adds up the counts of all fields.
func (c *Counts) Total() FieldCounts {
	var t FieldCounts
	for _, f := range c.Fields {
		t.Accepted += f.Accepted
		t.Repaired += f.Repaired
		t.Cached += f.Cached
		t.Adopted += f.Adopted
		t.Quarantined += f.Quarantined
		t.NotApplicable += f.NotApplicable
		t.Untranslated += f.Untranslated
		t.Unanswered += f.Unanswered
	}
	return t
}

// QuarantinedShare is the share of quarantined fields among those that persons
// have, 0 if they have none.
func (c *Counts) QuarantinedShare() float64 {
	t := c.Total()
	all := t.Accepted + t.Cached + t.Quarantined + t.Untranslated + t.Unanswered
	if all == 0 {
		return 0
	}
	return float64(t.Quarantined) / float64(all)
}

func (c *Counts) clone() Counts {
	out := *c
	out.Fields = append([]FieldCounts(nil), c.Fields...)
	for i := range out.Fields {
		out.Fields[i].Reasons = maps.Clone(out.Fields[i].Reasons)
	}
	return out
}

func (e *Enricher) newCounts() Counts {
	var c Counts
	for _, call := range e.calls {
		for _, f := range call.fields {
			c.Fields = append(c.Fields, FieldCounts{Field: f.Name})
		}
	}
	return c
}
