package compile_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/internal/compile"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec/load"
)

// quay is a spec whose texts come from banks.
const quay = `name: "quay", population: {size: 10, where: age: >=10}
narrator: {banks: ["banks.txt"], forms: {by: "hue", values: ["amber", "slate"]}}
fields: {
	hue: {kind: "category", values: ["amber", "slate"]}
	age: {kind: "integer", min: 0, max: 59}
	span: {kind: "group", of: "age", cuts: [0, 20, 40], labels: ["cub", "first", "second"]}
	guild: {kind: "category", when: age: >=20, values: ["rope", "salt"]}
	pay: {kind: "number", when: guild: "rope", uniform: {low: 1, high: 9}}
	tools: {kind: "text_list", items: {min: 1, max: 2}, chars: {min: 1, max: 40}, offline: parts: ["tool"]}
	tale: {kind: "text", chars: {min: 1, max: 400}, mentions: ["hue"], offline: {parts: ["tale"], more: ["more"], close: ["end"]}}
	work: {kind: "text", when: age: >=20, chars: {min: 1, max: 400}, offline: parts: ["work"]}
	by: kind: "text_source"
}
rules: grey: {about: "No grey.", never: ["grey"]}
`

const quayBanks = `[tool]
a knife
a {red|blue} <thing>
[thing]
net
[tale] span: "cub"
{he|she} is a cub of {age}.
[tale] span: "first" | "second"
{he|she} has {tools}, and <job>.
[job] guild: "rope"
earns {pay}
[job] guild: "salt"
rakes salt
[more]
The sea is near.
[end] age: <20
So it goes.
[end] age: >=20
So it went.
[work]
In the {guild} guild.
`

// compileQuay compiles quay with some edits, each a pair of old and new text. It also
// returns one line per diagnostic.
func compileQuay(t *testing.T, edits ...string) (*plan.Plan, string) {
	t.Helper()
	text := map[string]string{"spec.cue": quay, "banks.txt": quayBanks}
	for i := 0; i < len(edits); i += 2 {
		done := false
		for name := range text {
			edited := strings.Replace(text[name], edits[i], edits[i+1], 1)
			done = done || edited != text[name]
			text[name] = edited
		}
		if !done {
			t.Fatalf("the edit %q does not apply", edits[i])
		}
	}
	dir := t.TempDir()
	for name, data := range text {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, faults := load.Load(context.Background(), "spec.cue", load.Options{Dir: dir})
	if s == nil {
		t.Fatal(faults.Err())
	}
	b, faults := compile.Compile(context.Background(), s, compile.Options{})
	var lines []string
	for _, d := range faults.Items {
		d.Place.File = filepath.Base(d.Place.File)
		lines = append(lines, fmt.Sprintf("%s %s: %s: %s | %s", d.Place, d.Severity, d.Code, d.Message, d.Hint))
	}
	said := strings.ReplaceAll(strings.Join(lines, "\n"), dir+string(filepath.Separator), "")
	if b == nil {
		return nil, said
	}
	return b.Plan, said
}

// threeWide has fields whose combinations are too many to be tried.
const threeWide = "	a: {kind: \"integer\", min: 0, max: 499}\n	b: {kind: \"integer\", min: 0, max: 499}\n	c: {kind: \"integer\", min: 0, max: 499}\n	hue: {kind"

func TestNarrator(t *testing.T) {
	p, said := compileQuay(t)
	if said != "" {
		t.Fatal(said)
	}
	n := p.Narrator
	if n.Forms != "hue" || !cmp.Equal(n.FormOf, []int32{0, 1}) {
		t.Errorf("got forms %+v", n)
	}
	var names []string
	for _, b := range n.Banks {
		names = append(names, fmt.Sprint(b.Name, len(b.Sections)))
	}
	if got := strings.Join(names, " "); got != "tool1 thing1 tale2 job2 more1 end2 work1" {
		t.Errorf("got banks %s", got)
	}
	if when := n.Banks[2].Sections[0].When; !cmp.Equal(when.Fields, []string{"span"}) || !cmp.Equal(when.Case, []int32{1, 0, 0}) {
		t.Errorf("the first tales are open to %+v", when)
	}
	if last := p.Files[len(p.Files)-1]; filepath.Base(last.Path) != "banks.txt" || len(last.SHA256) != 64 {
		t.Errorf("the file of banks is %+v", last)
	}
	if r := p.Rules[0]; !cmp.Equal(r.Fields, []string{"tools", "tale", "work"}) || r.Severity != "fail" {
		t.Errorf("rule %+v", r)
	}
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	read, err := plan.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(p.Narrator, read.Narrator); d != "" {
		t.Error(d)
	}
}

// Texts change the plan's hash but not its structure.
func TestTextsAndIdentity(t *testing.T) {
	p, _ := compileQuay(t)
	other, _ := compileQuay(t, "The sea is near.", "The sea is far.")
	if p.Structure != other.Structure || p.Hash == other.Hash {
		t.Error("an edited phrase must change the plan's hash and not its structure")
	}
	bare := p.WithoutTexts()
	if bare.Structure != p.Structure || bare.Hash == p.Hash || bare.Field("tale") != nil || bare.Field("by") != nil || bare.Narrator != nil || bare.Field("pay") == nil {
		t.Errorf("without texts: %+v", bare)
	}
	if again := bare.WithoutTexts(); again != bare {
		t.Error("WithoutTexts changes a plan without texts")
	}
}

func TestNarratorFaults(t *testing.T) {
	for _, c := range []struct {
		want  string
		edits []string
	}{
		// names
		{`banks.txt:3:3 error: unknown-field: no field is called "hu" | did you mean "hue"?`, []string{"{red|blue}", "{hu}"}},
		{`banks.txt:3:14 error: unknown-bank: no bank is called "thnig" | did you mean "thing"?`, []string{"<thing>", "<thnig>"}},
		{`spec.cue:9:97 error: unknown-bank: no bank is called "tol" | did you mean "tool"?`, []string{`["tool"]`, `["tol"]`}},
		{`spec.cue:10:120 error: unknown-bank: no bank is called "nd" | did you mean "end"?`, []string{`["end"]`, `["nd"]`}},
		{`spec.cue:2:20 error: missing-file: there is no file bank.txt | paths are relative to the folder of the .cue file that names them`, []string{`banks: ["banks.txt"]`, `banks: ["bank.txt"]`}},
		{`banks.txt:4:1 warning: unused-bank: no text uses the bank "spare" | use it in the offline part of a field or in a phrase, or remove it`, []string{"[thing]", "[spare]\nx\n[thing]"}},
		{`banks.txt:16:1 warning: empty-section: the section has no phrases | add phrases, or remove the heading`, []string{"[end] age: <20", "[end]\n[end] age: <20"}},
		// conditions
		{`banks.txt:6:8 error: unknown-field: no field is called "spam" | did you mean "span"?`, []string{`[tale] span: "cub"`, `[tale] spam: "cub"`}},
		{`banks.txt:6:8 error: not-finite: field "pay" is a number, which has no finite list of values | use a category, integer, group or constant`, []string{`[tale] span: "cub"`, `[tale] pay: >1`}},
		{`banks.txt:6:8 warning: never-holds: no value of field "span" satisfies "cup" | did you mean "cub"?`, []string{`[tale] span: "cub"`, "[tale] span: \"cup\"\nx\n[tale] span: \"cub\""}},
		// forms
		{`banks.txt:3:3 error: forms: there are 3 forms here, but narrator.forms has 2 values of "hue" | write one form for each value, in their order`, []string{"{red|blue}", "{red|blue|green}"}},
		{`spec.cue:2:46 error: forms: the value "slate" of field "hue" has no form | name every value in narrator.forms.values`, []string{`["amber", "slate"]}}`, `["amber", "amber"]}}`}},
		{`spec.cue:2:62 error: unknown-label: field "hue" has no value "ambre" | did you mean "amber"?`, []string{`values: ["amber", "slate"]}}`, `values: ["ambre", "slate"]}}`}},
		{`spec.cue:2:46 error: forms: field "guild" can be null, and null has no form | choose forms by a field that everyone has`, []string{`forms: {by: "hue", values: ["amber", "slate"]}`, `forms: {by: "guild", values: ["rope", "salt"]}`}},
		{`spec.cue:2:46 error: not-finite: field "pay" is a number, which has no finite list of values | use a category, integer, group or constant`, []string{`by: "hue"`, `by: "pay"`}},
		{`banks.txt:3:3 error: forms: the spec does not say which field decides between forms | add narrator: forms: {by: …, values: […]}`, []string{`, forms: {by: "hue", values: ["amber", "slate"]}`, ``, `{he|she} is`, `x`, `{he|she} has`, `x`}},
		// cycles and order
		{`banks.txt:5:2 error: cycle: the banks depend on each other: tool -> thing -> tool | remove one of these references`, []string{"\nnet", "\nn<tool>"}},
		{`banks.txt:3:3 error: not-known: the list "tools" is not written yet when this phrase is used for "tools" | declare "tools" first, or leave it out`, []string{"{red|blue}", "{tools}"}},
		{`banks.txt:3:3 error: not-known: field "tale" is a text: phrases cannot repeat it | name a field that is not a text, or a text_list`, []string{"{red|blue}", "{tale}"}},
		{`banks.txt:3:3 error: not-known: field "by" is a text_source: phrases cannot repeat it | name a field that is not a text, or a text_list`, []string{"{red|blue}", "{by}"}},
		{`spec.cue:10:61 error: mentions: field "work" is a text itself, and a text can mention only what is known before it is written | name a field that is not a text`, []string{`mentions: ["hue"]`, `mentions: ["work"]`}},
		// coverage
		{`banks.txt:6:1 error: no-phrase: the bank "tale" has no phrase for everyone: none for span "second" | add a section for them, or one without a condition`, []string{`"first" | "second"`, `"first"`}},
		{`banks.txt:6:1 error: no-phrase: the bank "tale" has no phrase for everyone: none for span "cub", guild null | add a section for them, or one without a condition`, []string{"{he|she} is a cub of {age}.", "in the {guild} guild"}},
		{`banks.txt:10:1 error: no-phrase: the bank "job" has no phrase for everyone: none for guild "salt" | add a section for them, or one without a condition`, []string{"[job] guild: \"salt\"\nrakes salt\n", ""}},
		{`banks.txt:10:1 error: no-phrase: the bank "job" has no phrase for everyone: none for guild null | add a section for them, or one without a condition`, []string{"is a cub", "<job>"}},
		{`banks.txt:16:1 error: no-phrase: the bank "end" has no phrase for everyone: none for age 20 | add a section for them, or one without a condition`, []string{"[end] age: >=20", "[end] age: >20"}},
		{`banks.txt:16:1 error: too-wide: the conditions of the bank "end" have too many combinations to check that everyone has a phrase: a, b, c | add a section without a condition`, []string{
			"	hue: {kind", threeWide,
			"[end] age: <20\nSo it goes.\n[end] age: >=20", "[end] a: <9\nSo it goes.\n[end] b: <9\nSo.\n[end] c: <9"}},
		// numbers and facets
		{`banks.txt:2:1 error: no-facet: the phrase has no facet "use", but <tool/use> is used | add a line /use under it`, []string{"The sea is near.", "The sea is near, and {he|she} <tool/use:1>.", "a {red|blue} <thing>", "a net\n  /use fishes"}},
		{`banks.txt:3:8 warning: unused-facet: nothing uses <tool/use> | use it in a phrase or in the offline part of a field, or remove it
spec.cue:9:97 error: no-facet: no facet of the bank "tool" is called "usee" | did you mean "use"?`, []string{`["tool"]`, `["tool/usee"]`, "a knife", "a knife\n  /use cuts"}},
		{`banks.txt:3:8 warning: unused-facet: nothing uses <tool/use> | use it in a phrase or in the offline part of a field, or remove it`, []string{"a knife", "a knife\n  /use cuts"}},
		{`banks.txt:3:14 error: numbered: phrases of the bank "tool" are used by number, but <thing> is not the same everywhere | write <thing:1>, or leave it out`, []string{`["tool"]`, `["tool:1"]`}},
		{`banks.txt:10:1 error: no-phrase: phrase 2 of the bank "job" is used, but the bank has fewer for guild "rope" | add phrases to a section for them, or to one without a condition`, []string{"and <job>", "and <job:2>", "rakes salt", "rakes salt\nsells salt"}},
		{`banks.txt:14:1 error: no-phrase: phrase 3 of the bank "more" is used, but the bank has fewer for age 20 | add phrases to a section for them, or to one without a condition`, []string{`more: ["more"]`, `more: ["more:3"]`, "The sea is near.", "The sea is near.\nIt rains.\n[more] age: <20\nSchool."}},
		{`spec.cue:9:97 error: unknown-bank: no bank is called "tol" | did you mean "tool"?`, []string{`["tool"]`, `["tol/use:2"]`}},
		// rules
		{`spec.cue:14:64 error: expression: not a regular expression: error parsing regexp: missing closing ): ` + "`(a`" + ` | the syntax is that of RE2; write a \ in a CUE string as \\, or write the string as #"…"#`, []string{`never: ["grey"]`, `never: ["grey"], never_match: "(a"`}},
		{`spec.cue:14:50 error: expression: the expression has no group | put the number in parentheses: (\d+)`, []string{`never: ["grey"]`, `number: {match: "a", field: "age"}`}},
		{`spec.cue:14:64 error: not-a-number: field "hue" is a category, and a number in a text can only be compared with a number | name an integer or number field`, []string{`never: ["grey"]`, `number: {match: "(a)", field: "hue"}`}},
		{`spec.cue:14:60 error: unknown-field: no text field is called "tael" | did you mean "tale"?`, []string{`never: ["grey"]`, `never: ["grey"], fields: ["tael"]`}},
		{`spec.cue:10:78 error: unknown-rule: no rule is called "gray" | did you mean "grey"?`, []string{`mentions: ["hue"]`, `mentions: ["hue"], except: ["gray"]`}},
		{`spec.cue:14:8 error: empty-rule: rule "grey" forbids nothing | give it never, never_match, number or by`, []string{`, never: ["grey"]`, ``}},
		{`spec.cue:14:62 error: not-finite: field "pay" is a number: it has no list of values that could have words | name a category, integer, group or choice`, []string{`never: ["grey"]`, `never: ["grey"], by: field: "pay"`}},
		{`spec.cue:14:62 error: unknown-field: no field is called "huee" | did you mean "hue"?`, []string{`never: ["grey"]`, `never: ["grey"], by: field: "huee"`}},
		{`spec.cue:14:77 error: said: "lives" needs exactly one {} for the words | write it like "lives in {}"`, []string{`never: ["grey"]`, `never: ["grey"], by: {field: "hue", said: ["lives"]}`}},
		{`spec.cue:14:78 error: unknown-label: "ambr" is not a value of field "hue" | did you mean "amber"?`, []string{`never: ["grey"]`, `never: ["grey"], by: {field: "hue", words: {ambr: ["x"]}}`}},
		// languages, groups, measures
		{`spec.cue:10:79 error: unknown-language: no language of languages is called "xx" | did you mean "xy"?`, []string{`mentions: ["hue"]`, `mentions: ["hue"], language: "xx"`, "rules:", "languages: xy: words: [\"a\"]\nrules:"}},
		{`spec.cue:14:10 error: not-finite: field "pay" is a number, which has no finite list of values | use a category, integer, group or constant`, []string{"rules:", "groups: [\"pay\"]\nrules:"}},
		{`spec.cue:14:45 error: unknown-measured: no text field is called "tael" | did you mean "tale"?`, []string{"rules:", "checks: a: {measure: \"near_duplicates\", of: \"tael\", at_most: 0.1}\nrules:"}},
		{`spec.cue:14:47 error: unknown-measured: no table, field or joint is called "hoe" | did you mean "hue"?`, []string{"rules:", "checks: a: {measure: \"deviation_persons\", of: \"hoe\", at_most: 3}\nrules:"}},
		{`spec.cue:14:47 error: of: duplicate_persons is measured for all persons together, so it cannot have of | remove of`, []string{"rules:", "checks: a: {measure: \"duplicate_persons\", of: \"hue\", at_most: 0}\nrules:"}},
		{`spec.cue:14:9 error: not-a-share: check "a" limits a share to 5 | write a share from 0 to 1, such as 0.05 for 5 %`, []string{"rules:", "checks: a: {measure: \"missing_texts\", at_most: 5}\nrules:"}},
	} {
		if _, said := compileQuay(t, c.edits...); said != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.edits, said, c.want)
		}
	}
}

// Combinations that cannot occur need no phrase, and neither do those that a condition
// on the way to a bank excludes.
func TestCoverageKnowsWhoComes(t *testing.T) {
	for name, edits := range map[string][]string{
		"not wanted":             {`[tale] span: "cub"`, `[tale] age: >=10 & <20`},
		"impossible":             {"rules:", `impossible: [{span: "second", hue: "slate"}]` + "\nrules:", `[tale] span: "first" | "second"`, "[tale] span: \"second\", hue: \"amber\"\nOld.\n[tale] span: \"first\""},
		"through two banks":      {"rakes salt", "<rakes>\n[rakes] guild: \"salt\"\nrakes"},
		"through a field's when": {"In the {guild} guild.", "<in>\n[in] guild: \"rope\"\nRopes.\n[in] guild: \"salt\"\nSalt."},
		"few fields of many":     {"	hue: {kind", threeWide, "[end] age: <20\nSo it goes.\n[end] age: >=20", "[end] a: <9, c: 3\nSo it goes.\n[end] b: <9, c: 3\nSo.\n[end] c: <9\nSo.\n[end] c: >=9"},
		"exceptions":             {`never: ["grey"]`, `never: ["grey"], fields: ["tale"]`, `mentions: ["hue"]`, `mentions: ["hue"], except: ["grey"]`},
	} {
		p, said := compileQuay(t, edits...)
		if said != "" {
			t.Errorf("%s: %s", name, said)
			continue
		}
		if name == "exceptions" && len(p.Rules[0].Fields) != 0 {
			t.Errorf("the rule concerns %v", p.Rules[0].Fields)
		}
	}
}

// The plan has the facets of phrases, and phrases that are used by number.
func TestNumbersAndFacets(t *testing.T) {
	p, said := compileQuay(t, `["tool"]`, `["tool:1", "tool:2"]`, "a knife\na {red|blue} <thing>\n[thing]\nnet", "a knife\n  /use cuts <thing>\na {red|blue} <thing:1>\n  /use fishes\n[thing]\nnet",
		"The sea is near.", "{he|she} <tool/use:2>.\nShe.", `more: ["more"]`, `more: ["more", "tool/use"]`)
	if said != "" {
		t.Fatal(said)
	}
	want := []plan.Section{{Phrases: []string{"a knife", "a {red|blue} <thing:1>"}, Facets: map[string][]string{"use": {"cuts <thing>", "fishes"}}}}
	if d := cmp.Diff(want, p.Narrator.Banks[0].Sections); d != "" {
		t.Error(d)
	}
}

func TestNoNarrator(t *testing.T) {
	_, said := compileQuay(t, `narrator: {banks: ["banks.txt"], forms: {by: "hue", values: ["amber", "slate"]}}`, "")
	if want := `spec.cue:9:89 error: no-narrator: the spec has no phrase banks for the offline narrator | add narrator: banks: ["phrases.txt"]`; said != want {
		t.Errorf("%s", said)
	}
}
