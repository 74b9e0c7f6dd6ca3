package phrase

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/diag"
)

// TestCompile splits phrases into parts.
func TestCompile(t *testing.T) {
	for _, c := range []struct {
		text string
		want []Part
	}{
		{"", nil},
		{"plain ] > words", []Part{{Text: "plain ] > words"}}},
		{"{hue}", []Part{{Kind: Field, Text: "hue"}}},
		{"a {hue_2}b", []Part{{Text: "a "}, {Kind: Field, Text: "hue_2", Offset: 2}, {Text: "b", Offset: 9}}},
		{"{ hue }", []Part{{Kind: Field, Text: "hue"}}},
		{"{he|she} sings", []Part{{Kind: Forms, Forms: []string{"he", "she"}}, {Text: " sings", Offset: 8}}},
		{"văduv{|ă}", []Part{{Text: "văduv"}, {Kind: Forms, Forms: []string{"", "ă"}, Offset: 6}}},
		{"{a|b|}", []Part{{Kind: Forms, Forms: []string{"a", "b", ""}}}},
		{`{a\|b|c\}d}`, []Part{{Kind: Forms, Forms: []string{"a|b", "c}d"}}}},
		{"<at.home>, <lună-2>", []Part{{Kind: Bank, Text: "at.home"}, {Text: ", ", Offset: 9}, {Kind: Bank, Text: "lună-2", Offset: 11}}},
		{"<pas:2> <pas/why:12> <pas/why>", []Part{{Kind: Bank, Text: "pas:2"}, {Text: " ", Offset: 7}, {Kind: Bank, Text: "pas/why:12", Offset: 8}, {Text: " ", Offset: 20}, {Kind: Bank, Text: "pas/why", Offset: 21}}},
		{`\{\}\<\>\|\\\#\[\/`, []Part{{Text: `{}<>|\#[/`}}},
		{"1 # 2", []Part{{Text: "1 # 2"}}},
	} {
		got, faults := Compile(c.text)
		if len(faults) > 0 {
			t.Errorf("%q: got faults %+v", c.text, faults)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", c.text, d)
		}
	}
}

// TestCompileFaults lists every fault with its position.
func TestCompileFaults(t *testing.T) {
	for text, want := range map[string]string{
		"a {hue":        "2 a { without a }",
		"a hue}":        "5 a } without a {",
		"he|she":        "2 a | outside braces",
		"{}":            `0 "{}" is not the name of a field and has no forms`,
		"x {Hue 2} y":   `2 "{Hue 2}" is not the name of a field and has no forms`,
		"{a {b}|c}":     "3 a { in braces",
		"{<bank>|c}":    "1 a < in braces",
		"a <bank":       "2 a < without a >",
		"a < b and > c": `2 "< b and >" is not a reference to a bank`,
		"<>":            `0 "<>" is not a reference to a bank`,
		"<b:0>":         `0 "<b:0>" is not a reference to a bank`,
		"<b:ab>":        `0 "<b:ab>" is not a reference to a bank`,
		"<b:ă>":         `0 "<b:ă>" is not a reference to a bank`,
		"<b:100>":       `0 "<b:100>" is not a reference to a bank`,
		"<b:+1>":        `0 "<b:+1>" is not a reference to a bank`,
		"<b/>":          `0 "<b/>" is not a reference to a bank`,
		"</f:1>":        `0 "</f:1>" is not a reference to a bank`,
		"<b:1/f>":       `0 "<b:1/f>" is not a reference to a bank`,
		`\n`:            `0 a \ before an ordinary character`,
		`a\`:            `1 a \ before an ordinary character`,
		`{a\b|c}`:       `2 a \ before an ordinary character`,
		"} {x":          "0 a } without a {; 2 a { without a }",
	} {
		_, faults := Compile(text)
		var got []string
		for _, f := range faults {
			got = append(got, fmt.Sprintf("%d %s", f.Offset, f.Error()))
			if f.Hint == "" {
				t.Errorf("%q: got no hint", text)
			}
		}
		if d := cmp.Diff(want, strings.Join(got, "; ")); d != "" {
			t.Errorf("%q (-want +got):\n%s", text, d)
		}
	}
}

// layout formats sections so that they are easy to compare.
func layout(sections []Section) string {
	var b strings.Builder
	for _, s := range sections {
		fmt.Fprintf(&b, "%s [%s] %q %s\n", s.Place, s.Bank, s.Condition, s.ConditionAt)
		for _, p := range s.Phrases {
			fmt.Fprintf(&b, "  %s %q\n", p.Place(0), p.Text)
			for _, f := range p.Facets {
				fmt.Fprintf(&b, "    %s %s %q\n", f.Place(0), f.Name, f.Text)
			}
		}
	}
	return b.String()
}

// TestParse parses headings, phrases of several lines and comments.
func TestParse(t *testing.T) {
	text := "\ufeff# first words\r\n[tales.old] age: >=60, zone: \"N\" \r\nOne tale\r\n\tgoes on  \r\n\n   # not this\n    and on.\nTwo.\n[tales.old]\n[ songs ]\n\\[la\\]\n\\# five\n"
	text = strings.ReplaceAll(text, `\]`, `]`)
	faults := &diag.List{}
	got := Parse("b.txt", []byte(text), faults)
	want := `b.txt:2:1 [tales.old] "age: >=60, zone: \"N\"" b.txt:2:13
  b.txt:3:1 "One tale goes on and on."
  b.txt:8:1 "Two."
b.txt:9:1 [tales.old] "" b.txt:9:12
b.txt:10:1 [songs] "" b.txt:10:10
  b.txt:11:1 "\\[la]"
  b.txt:12:1 "\\# five"
`
	if d := cmp.Diff(want, layout(got)); d != "" || len(faults.Items) > 0 {
		t.Errorf("got faults %v (-want +got):\n%s", faults.Items, d)
	}
	for offset, want := range map[int]string{0: "b.txt:3:1", 4: "b.txt:3:5", 9: "b.txt:4:2", 17: "b.txt:7:5"} {
		if got := got[0].Phrases[0].Place(offset).String(); got != want {
			t.Errorf("byte %d of the phrase: got %s, want %s", offset, got, want)
		}
	}
}

// TestParseFacets parses facets.
func TestParseFacets(t *testing.T) {
	faults := &diag.List{}
	got := Parse("b.txt", []byte("[b]\nchess\n  and draughts\n  /why  {he|she} thinks\n    in silence\n\t/verb plays\ngo\n  \\/ not a facet\n"), faults)
	want := `b.txt:1:1 [b] "" b.txt:1:4
  b.txt:2:1 "chess and draughts"
    b.txt:4:9 why "{he|she} thinks in silence"
    b.txt:6:8 verb "plays"
  b.txt:7:1 "go \\/ not a facet"
`
	if d := cmp.Diff(want, layout(got)); d != "" || len(faults.Items) > 0 {
		t.Errorf("got faults %v (-want +got):\n%s", faults.Items, d)
	}
	if f, ok := got[0].Phrases[0].Facet("why"); !ok || f.Place(12).String() != "b.txt:4:21" || f.Place(16).String() != "b.txt:5:5" || len(f.Parts) != 2 {
		t.Errorf("got facet %+v", f)
	}
	if _, ok := got[0].Phrases[1].Facet("why"); ok {
		t.Error("got a facet of another phrase")
	}
}

// TestParseFaults lists every fault with its place and hint.
func TestParseFaults(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"words\nmore words\n[b]\nfine\n", "b.txt:1:1 heading: there is a phrase before the first heading | write the name of its bank above it: [bank]"},
		{"[b\nx\n", `b.txt:1:1 heading: the heading has no ] | write [bank], or \[ at the start of a phrase`},
		{"[b c]\nx\n", `b.txt:1:2 heading: "b c" is not a name for a bank | use letters, digits and . _ -`},
		{"[]\n", `b.txt:1:2 heading: "" is not a name for a bank | use letters, digits and . _ -`},
		{"[b]\n  onwards\n", "b.txt:2:3 phrase: an indented line has no phrase to continue | start the phrase at the beginning of its line"},
		{"[b]\nx\n [c]\ny\n", `b.txt:3:2 heading: a heading is indented | remove the white space before it, or write \[ in a phrase`},
		{"[b]\nab \xff\n", "b.txt:2:4 utf8: the line is not UTF-8 | save the file as UTF-8"},
		{"[b]\none\n  two {three\n", `b.txt:3:7 phrase: a { without a } | add the }, or write \{ for a literal {`},
		{"[b]\nx\n  /why\n", `b.txt:3:3 facet: "/why" is not a facet | write /name and its wording, or \/ in a phrase`},
		{"[b]\nx\n  /a! y\n", `b.txt:3:3 facet: "/a! y" is not a facet | write /name and its wording, or \/ in a phrase`},
		{"[b]\nx\n  /a y\n  /a z\n", `b.txt:4:3 facet: the phrase has two facets "a" | remove one of them`},
		{"[b]\nx\n  /a y {z\n", `b.txt:3:8 phrase: a { without a } | add the }, or write \{ for a literal {`},
		{"[b]\nă {x}}\n", `b.txt:2:7 phrase: a } without a { | remove it, or write \} for a literal }`},
	} {
		faults := &diag.List{}
		Parse("b.txt", []byte(c.text), faults)
		var got []string
		for _, d := range faults.Items {
			got = append(got, fmt.Sprintf("%s %s: %s | %s", d.Place, d.Code, d.Message, d.Hint))
		}
		if d := cmp.Diff(c.want, strings.Join(got, "\n")); d != "" {
			t.Errorf("%q (-want +got):\n%s", c.text, d)
		}
	}
}

// FuzzParse: Compile accepts the phrases that Parse returns, and places are in the
// file.
func FuzzParse(f *testing.F) {
	f.Add("[a | b] [fact: x] c: 1\n[r: any, y] x {a|b} | <y/z:A>\n  z\n  /f q\n")
	f.Add("[a] x: >1\none {two} <a>\n  {b|c}\n# d\n")
	f.Add("[a]\n\\{ \\\\ {a\\|b|}\n")
	f.Add("[a]\nx\n  /f y <a/f:1>\n  z\n")
	f.Add("\xef\xbb\xbf[a\n}|<\n\t[b]\n")
	f.Fuzz(func(t *testing.T, text string) {
		faults := &diag.List{}
		lines := strings.Split(text, "\n")
		for _, s := range Parse("f", []byte(text), faults) {
			if !IsBankName(s.Bank) {
				t.Fatalf("got bank %q", s.Bank)
			}
			for _, p := range s.Phrases {
				parts, bad := Compile(p.Text)
				if len(bad) > 0 || !cmp.Equal(parts, p.Parts) {
					t.Fatalf("%q: got other parts, or faults %v", p.Text, bad)
				}
				for _, part := range parts {
					at := p.Place(part.Offset)
					if at.Line < 1 || at.Line > len(lines) || at.Column < 1 || at.Column > len(lines[at.Line-1])+1 {
						t.Fatalf("%q: got place %s outside the file", part.Text, at)
					}
				}
			}
		}
		for _, d := range faults.Items {
			if d.Hint == "" || d.Place.Line < 1 || d.Place.Line > len(lines) {
				t.Fatalf("got fault %+v without a hint or outside the file", d)
			}
		}
	})
}

func ExampleParse() {
	faults := &diag.List{}
	sections := Parse("phrases.txt", []byte("[greeting] age: <18\nHi {name}, {little one|dear one}!\n"), faults)
	s := sections[0]
	fmt.Printf("%s, if %s:\n", s.Bank, s.Condition)
	for _, part := range s.Phrases[0].Parts {
		fmt.Printf("%d %q %q\n", part.Kind, part.Text, part.Forms)
	}
	// Output:
	// greeting, if age: <18:
	// 0 "Hi " []
	// 1 "name" []
	// 0 ", " []
	// 2 "" ["little one" "dear one"]
	// 0 "!" []
}

// Axes are taken from the first form only.
func TestAxes(t *testing.T) {
	for _, c := range []struct {
		forms, names, without []string
	}{
		{[]string{"he", "she"}, nil, []string{"he", "she"}},
		{[]string{"sex: he", "she"}, []string{"sex"}, []string{"he", "she"}},
		{[]string{"sex:", "a"}, []string{"sex"}, []string{"", "a"}},
		{[]string{" sex , number:  a", "b: c", "c", "d"}, []string{"sex", "number"}, []string{"a", "b: c", "c", "d"}},
		{[]string{"at 10:30", "at 11:30"}, nil, []string{"at 10:30", "at 11:30"}},
		{[]string{"a,:b", "c"}, nil, []string{"a,:b", "c"}},
		{[]string{"he", "sex: she"}, nil, []string{"he", "sex: she"}},
	} {
		names, without := Axes(c.forms)
		if !slices.Equal(names, c.names) || !slices.Equal(without, c.without) {
			t.Errorf("%q: got %q and %q, want %q and %q", c.forms, names, without, c.names, c.without)
		}
	}
}

// TestTags parses the tags of headings and phrases.
func TestTags(t *testing.T) {
	text := "[work] [fact: job] [later: any] age: >=60\n[contrast: a, b-2]  [fact: pay] x {y}\n  goes on\nplain\n[land]\n\\[not: a tag]\n"
	faults := &diag.List{}
	var got []string
	for _, s := range Parse("b.txt", []byte(text), faults) {
		got = append(got, fmt.Sprintf("[%s] %q %s", s.Bank, s.Condition, s.ConditionAt))
		for _, p := range s.Phrases {
			got = append(got, fmt.Sprintf("%s %q", p.Place(0), p.Text))
			for _, tag := range p.Tags {
				got = append(got, fmt.Sprintf("  %s %s %q", tag.Place, tag.Name, tag.Facts))
			}
		}
	}
	want := []string{
		`[work] "age: >=60" b.txt:1:33`,
		`b.txt:2:33 "x {y} goes on"`,
		`  b.txt:1:8 fact ["job"]`, `  b.txt:1:20 later ["any"]`, `  b.txt:2:1 contrast ["a" "b-2"]`, `  b.txt:2:21 fact ["pay"]`,
		`b.txt:4:1 "plain"`,
		`  b.txt:1:8 fact ["job"]`, `  b.txt:1:20 later ["any"]`,
		`[land] "" b.txt:5:7`,
		`b.txt:6:1 "\\[not: a tag]"`,
	}
	if d := cmp.Diff(want, got); d != "" || len(faults.Items) > 0 {
		t.Errorf("got faults %v (-want +got):\n%s", faults.Items, d)
	}
}

// TestColumns parses facets in columns.
func TestColumns(t *testing.T) {
	text := "[gift | giver|memory ] age: 1\n a\na {big|small} clock | an \\| aunt |it still\n  runs\n  /more and more\n[gift]\na coat\n"
	text = strings.Replace(text, "\n a\n", "\n", 1)
	faults := &diag.List{}
	want := `b.txt:1:1 [gift] "age: 1" b.txt:1:24
  b.txt:2:1 "a {big|small} clock"
    b.txt:4:9 more "and more"
    b.txt:2:23 giver "an \\| aunt"
    b.txt:2:35 memory "it still runs"
b.txt:5:1 [gift] "" b.txt:5:7
  b.txt:6:1 "a coat"
`
	got := Parse("b.txt", []byte(text), faults)
	if d := cmp.Diff(want, layout(got)); d != "" || len(faults.Items) > 0 {
		t.Errorf("got faults %v (-want +got):\n%s", faults.Items, d)
	}
	memory := got[0].Phrases[0].Facets[2]
	if at := memory.Place(9).String(); at != "b.txt:3:3" {
		t.Errorf("got %s for the second line of a column, want b.txt:3:3", at)
	}
}
