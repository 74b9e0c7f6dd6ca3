package compare

import (
	"fmt"
	"strings"

	"github.com/personagen/personagen/engine/humanize"
)

// Judged is the outcome of a comparison of persons, pair by pair, by a model. Each pair
// was asked about in both orders; it is consistent if both answers are the same. Each
// person is in one pair.
type Judged struct {
	Ours   string   `json:"ours"` // name of the first set
	Theirs string   `json:"theirs"`
	Model  string   `json:"model"`
	Fields []string `json:"fields"`       // texts that were shown
	Equal  bool     `json:"equal_length"` // texts were cut to the length of the shorter one
	Wanted int      `json:"wanted"`       // pairs
	Pairs  int      `json:"pairs"`        // pairs that were found

	Matching Matching `json:"matching"`
	// Unweighted are the sets with weights. Pairs count alike, so the outcome is one of
	// their rows, not of the population that these stand for.
	Unweighted []string `json:"unweighted,omitempty"`

	// Wins are the consistent pairs in which the first set is preferred, Losses those in
	// which the second one is. Unanswered pairs have no accepted answer in some order.
	Wins         int `json:"wins"`
	Losses       int `json:"losses"`
	Ties         int `json:"ties"`
	Inconsistent int `json:"inconsistent"`
	Unanswered   int `json:"unanswered"`
	// Consistent is the share of consistent pairs among those answered.
	Consistent *float64 `json:"consistent,omitempty"`
	// WinRate is the share of wins among consistent pairs, a tie counting half, with its
	// 95 % interval. The pairs are its clusters: no person is in two.
	WinRate *float64 `json:"win_rate,omitempty"`
	Low     *float64 `json:"low,omitempty"`
	High    *float64 `json:"high,omitempty"`
	// First is the share of the answers without a tie that prefer A, which stands first.
	First *float64 `json:"first_preferred,omitempty"`
	// Chars are the mean numbers of characters that were shown of a person of each set,
	// and Longer is the share of consistent pairs without a tie whose longer texts won.
	Chars  [2]float64 `json:"chars"`
	Longer *float64   `json:"longer_preferred,omitempty"`
	// Verdict is one of the constants, and Reason says why it is that.
	Verdict string `json:"verdict"`
	Reason  string `json:"reason"`
}

// Matching says how the persons were matched: Exact pairs have the same values of all
// fields in On; NearAge are up to five years apart; OtherWork both have some work, which
// is not the same. Unmatched are persons of the first set for whom no one was left, and
// Textless are matched pairs without a text of the same field.
type Matching struct {
	On        []string `json:"on"`
	Exact     int      `json:"exact"`
	NearAge   int      `json:"near_age"`
	OtherWork int      `json:"other_work"`
	Unmatched int      `json:"unmatched"`
	Textless  int      `json:"textless"`
	// Alone are the values of sex, in quotes, that only the first and only the second set
	// has. Persons with them are in no pair.
	Alone [2][]string `json:"alone,omitzero"`
}

// Verdicts.
const (
	OursPreferred   = "first"
	TheirsPreferred = "second"
	NoDifference    = "no difference"
	NoVerdict       = "none"
)

// LeastConsistent is the share of consistent pairs below which there is no verdict.
const LeastConsistent = 0.7

// mostLonger is the share of pairs won by the longer texts from which a verdict may be one
// about length.
const mostLonger = 0.75

// Decide sets the verdict and its reason.
func (j *Judged) Decide() {
	switch {
	case j.WinRate == nil && j.Consistent == nil:
		j.Verdict, j.Reason = NoVerdict, "no pair has an answer in both orders"
	case *j.Consistent < LeastConsistent:
		j.Verdict = NoVerdict
		j.Reason = fmt.Sprintf("only %s of the pairs get the same answer in both orders, and less than %s says nothing", percent(*j.Consistent), percent(LeastConsistent))
		if j.First != nil && (*j.First > 0.6 || *j.First < 0.4) {
			j.Reason += fmt.Sprintf("; %s of the answers prefer the texts that stand first", percent(*j.First))
		}
	case *j.Low > 0.5:
		j.Verdict, j.Reason = OursPreferred, "the interval of the win rate is above 50 %"
	case *j.High < 0.5:
		j.Verdict, j.Reason = TheirsPreferred, "the interval of the win rate is below 50 %"
	default:
		j.Verdict, j.Reason = NoDifference, "the interval of the win rate has 50 % in it"
	}
}

// finding states the verdict in a sentence.
func (j *Judged) finding() []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	rate := ""
	if j.WinRate != nil {
		rate = fmt.Sprintf(": win rate %s of %s (95 %% interval %s to %s), %d won, %d lost, %d tied", percent(*j.WinRate), humanize.Count(int64(j.Wins+j.Losses+j.Ties), "consistent pair", "consistent pairs"), percent(*j.Low), percent(*j.High), j.Wins, j.Losses, j.Ties)
	}
	switch j.Verdict {
	case OursPreferred:
		say("%s prefers %s to %s%s.", j.Model, j.Ours, j.Theirs, rate)
	case TheirsPreferred:
		say("%s prefers %s to %s%s.", j.Model, j.Theirs, j.Ours, rate)
	case NoDifference:
		say("%s shows no preference between %s and %s%s.", j.Model, j.Ours, j.Theirs, rate)
	default:
		say("%s gives no verdict on %s and %s: %s.", j.Model, j.Ours, j.Theirs, j.Reason)
	}
	if j.Longer != nil && (*j.Longer >= mostLonger) && !j.Equal {
		say("The longer texts won in %s of the consistent pairs without a tie, so the verdict may be one about length: cut the texts with --equal-length.", percent(*j.Longer))
	}
	for i, name := range []string{j.Ours, j.Theirs} {
		if alone := j.Matching.Alone[i]; len(alone) > 0 {
			say("No pair has the persons of %s with %s: the other set has no such value. If it has the same under another name, say so with --label.", name, humanize.Some(alone))
		}
	}
	if j.Pairs < j.Wanted {
		say("%s in place of %s: no more persons are alike.", humanize.Count(int64(j.Pairs), "pair", "pairs"), humanize.Thousands(int64(j.Wanted)))
	}
	if len(j.Unweighted) > 0 {
		say("The weights of %s are not used: every pair counts once, so the outcome is that of the rows, not of the population.", strings.Join(j.Unweighted, " and "))
	}
	return out
}

// judgedRows is the table of the outcome.
func (c *Comparison) judgedRows() section {
	j := c.Judged
	if j == nil {
		return section{}
	}
	s := section{title: "Judged by " + j.Model, head: []string{"figure", "value"},
		note: "Pairs of persons who are alike, one of each set, asked about in both orders without saying which is which. Consistent pairs have the same answer in both; only they count. Each person is in one pair, so the pairs are the clusters of the interval."}
	row := func(name, value string) { s.rows = append(s.rows, []string{name, value}) }
	share := func(x *float64) string {
		if x == nil {
			return "-"
		}
		return percent(*x)
	}
	m := &j.Matching
	row("verdict", j.Verdict+": "+j.Reason)
	row("win rate of "+j.Ours, share(j.WinRate))
	if j.WinRate != nil {
		row("95 % interval", percent(*j.Low)+" to "+percent(*j.High))
	}
	row("won, lost, tied", fmt.Sprintf("%d, %d, %d", j.Wins, j.Losses, j.Ties))
	row("consistent pairs", fmt.Sprintf("%d of %d, %s", j.Wins+j.Losses+j.Ties, j.Wins+j.Losses+j.Ties+j.Inconsistent, share(j.Consistent)))
	row("pairs", fmt.Sprintf("%d of %d wanted, %d without an answer", j.Pairs, j.Wanted, j.Unanswered))
	row("matched on", fmt.Sprintf("%s: %d exact, %d up to 5 years apart, %d with other work; %d unmatched, %d without common texts", strings.Join(m.On, ", "), m.Exact, m.NearAge, m.OtherWork, m.Unmatched, m.Textless))
	if len(j.Unweighted) > 0 {
		row("weights", "those of "+strings.Join(j.Unweighted, " and ")+" are not used")
	}
	row("first preferred", share(j.First))
	length := fmt.Sprintf("%s and %s", number(j.Chars[0]), number(j.Chars[1]))
	if j.Equal {
		length += ", cut to equal length"
	}
	row("characters of a person", length)
	row("longer preferred", share(j.Longer))
	row("texts", strings.Join(j.Fields, ", "))
	return s
}
