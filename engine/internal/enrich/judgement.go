package enrich

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/kind"
)

// judgement puts the member of an answer for a score or reason into a record and returns
// its fault, "" for none. The texts of a person are quoted in reasons, and two persons may
// have the same one, so a reason is checked for its length alone.
func judgement(f *field, member json.RawMessage, r *record) string {
	if f.Scale() {
		score, ok := asScore(member, f.Domain.Max)
		low, high := f.Domain.Min, f.Domain.Max
		if !ok || score < low || score > high {
			return fmt.Sprintf("it must be a whole number from %d to %d", low, high)
		}
		r.Score = &score
		return ""
	}
	ok := false
	if r.Text, ok = asText(member); !ok {
		return "it must be a string"
	}
	switch n, chars := utf8.RuneCountInString(r.Text), f.Judged.Chars; {
	case n < chars.Min:
		return fmt.Sprintf("it has %d characters and must have at least %d", n, chars.Min)
	case n > chars.Max:
		return fmt.Sprintf("it has %d characters and may have at most %d", n, chars.Max)
	}
	return ""
}

// scorePattern matches a score as models write it: "4", "+4", "4.0", "4/5", "4 of 5",
// "4 out of 5", "Score: 4.".
var scorePattern = regexp.MustCompile(`^(?i:(?:score|rating)\s*[:=]\s*)?([+-]?[0-9]{1,6})(?:\.0+)?(?:\s*(?:/|of|out of)\s*([0-9]{1,6}))?\.?$`)

// asScore converts a member to a score: a whole number, a text of one, or an object with
// one member or a member "score". "4/5" is one where 5 is the highest score.
func asScore(member json.RawMessage, highest int64) (int64, bool) {
	for range mostNested {
		member = bytes.TrimSpace(member)
		if len(member) == 0 {
			return 0, false
		}
		switch member[0] {
		case '"':
			text, ok := asText(member)
			if !ok {
				return 0, false
			}
			m := scorePattern.FindStringSubmatch(strings.Trim(text, " *`"))
			if m == nil || m[2] != "" && m[2] != strconv.FormatInt(highest, 10) {
				return 0, false
			}
			score, err := strconv.ParseInt(m[1], 10, 64)
			return score, err == nil
		case '{':
			o, _ := parseObject(string(member), 0)
			if !o.whole {
				return 0, false
			}
			value, ok := o.member("score", []string{"score"})
			if inner := o.values(); !ok && len(inner) == 1 {
				value, ok = inner[0], true
			}
			if !ok {
				return 0, false
			}
			member = value
		default:
			var x float64
			if json.Unmarshal(member, &x) != nil || string(member) == "null" || x != math.Trunc(x) || math.Abs(x) > 1e6 {
				return 0, false
			}
			return int64(x), true
		}
	}
	return 0, false
}

// mostEnumerated is the largest number of scores that a schema lists.
const mostEnumerated = 100

// scoreSchema returns the JSON Schema of a score. An enumeration is what most servers can
// derive a grammar from.
func scoreSchema(d *kind.Domain) string {
	if d.Size() > mostEnumerated {
		return `{"type":"integer"}`
	}
	var b strings.Builder
	b.WriteString(`{"type":"integer","enum":[`)
	for i := range d.Size() {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(d.Label(i))
	}
	b.WriteString("]}")
	return b.String()
}
