package importer

import (
	"regexp"
	"strconv"
	"strings"
)

// span is a range of ages in whole years. To is open for an open class.
type span struct{ From, To int }

const open = 1 << 20

// oldest is the largest age that a class may begin with.
const oldest = 130

var (
	ageCode  = regexp.MustCompile(`^Y_?(LT|GE|GT|LE)?_?(\d{1,3})(?:(?:-|T|_)(\d{1,3}))?$`)
	ageDigit = regexp.MustCompile(`\d+`)
	ageWidth = regexp.MustCompile(`^(\d{1,3})\+(\d{1,3})$`)
)

// parseAge reads a label such as "25-29 years", "85+", "unter 1 Jahr" or "Y_GE85".
func parseAge(label string) (span, bool) {
	label = strings.TrimSpace(label)
	if m := ageCode.FindStringSubmatch(label); m != nil {
		a, _ := strconv.Atoi(m[2])
		switch {
		case a > oldest:
		case m[3] != "" && m[1] == "":
			b, _ := strconv.Atoi(m[3])
			return span{a, b}, b >= a && b <= oldest
		case m[3] != "":
		case m[1] == "LT":
			return span{0, a - 1}, a > 0
		case m[1] == "LE":
			return span{0, a}, true
		case m[1] == "GE":
			return span{a, open}, true
		case m[1] == "GT":
			return span{a + 1, open}, true
		default:
			return span{a, a}, true
		}
		return span{}, false
	}
	if m := ageWidth.FindStringSubmatch(label); m != nil { // "100+10": 100 and more
		a, _ := strconv.Atoi(m[1])
		return span{a, open}, a <= oldest
	}
	if is("infant", label) {
		return span{0, 0}, true
	}
	numbers := ageDigit.FindAllString(label, -1)
	if len(numbers) == 0 || len(numbers) > 2 {
		return span{}, false
	}
	var n [2]int
	for i, digits := range numbers {
		if len(digits) > 3 {
			return span{}, false
		}
		n[i], _ = strconv.Atoi(digits)
	}
	under, over := strings.Contains(label, "<"), strings.Contains(label, "+") || strings.ContainsAny(label, ">≥")
	rest := plain(ageDigit.ReplaceAllString(label, " "))
	atMost := strings.ContainsAny(label, "≤") || strings.Contains(label, "<=")
	if phrase := mentions("atmost", rest); phrase != "" && len(numbers) == 1 { // "4 years and under"
		atMost, rest = true, strings.TrimSpace(strings.Replace(" "+rest+" ", " "+phrase+" ", " ", 1))
	}
	for _, p := range []struct {
		kind string
		is   *bool
	}{{"over", &over}, {"under", &under}} {
		if rest == "" {
			break
		}
		if phrase := mentions(p.kind, rest); phrase != "" && !(len(numbers) == 2) && !(over && p.kind == "under") {
			*p.is = true
			rest = strings.TrimSpace(strings.Replace(" "+rest+" ", " "+phrase+" ", " ", 1))
		}
	}
	for word := range strings.FieldsSeq(rest) {
		if !is("years", word) && !is("over", word) && !is("under", word) && !is("age", word) && !is("total", word) {
			return span{}, false
		}
	}
	switch {
	case n[0] > oldest || n[1] > oldest:
	case len(numbers) == 2:
		if strings.Contains(rest, "bis unter") {
			n[1]--
		}
		return span{n[0], n[1]}, n[1] >= n[0]
	case atMost:
		return span{0, n[0]}, true
	case over:
		if strings.Contains(label, ">") && !strings.ContainsAny(label, "=≥") {
			n[0]++
		}
		return span{n[0], open}, true
	case under:
		return span{0, n[0] - 1}, n[0] > 0
	default:
		if strings.HasSuffix(strings.TrimSpace(label), "-") { // "75-" is how some offices write an open class
			return span{n[0], open}, true
		}
		return span{n[0], n[0]}, true
	}
	return span{}, false
}

// exclusive mends classes whose ends are not part of them, such as "0 to 5, 5 to 10", and
// reports whether they are such: every end but the greatest begins another class.
func exclusive(spans []span) bool {
	from, greatest := map[int]bool{}, 0
	for _, s := range spans {
		if s.From != s.To { // single ages beside classes begin anywhere
			from[s.From] = true
		}
		if s.To != open {
			greatest = max(greatest, s.To)
		}
	}
	shared := false
	for _, s := range spans {
		switch {
		case s.To == open || s.To == s.From:
		case from[s.To]:
			shared = true
		case s.To != greatest:
			return false
		}
	}
	for i := range spans {
		if shared && spans[i].To != open && spans[i].To > spans[i].From {
			spans[i].To--
		}
	}
	return shared
}
