package load_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/spec"
	"github.com/personagen/personagen/engine/spec/load"
)

// templateNode loads a spec whose template t has the given source, and returns the
// node of the template and the source of the spec.
func templateNode(t *testing.T, written, more string) (*spec.Node, string) {
	t.Helper()
	source := minimal + "fields: t: {kind: \"template\", text: " + written + "}\n" + more
	dir := tree(t, map[string]string{"isle.cue": source})
	s, list := load.Load(context.Background(), "isle.cue", load.Options{Dir: dir})
	if len(list.Items) > 0 {
		t.Fatalf("%s: %v", written, list.Items)
	}
	for _, f := range s.Fields {
		if f.Name == "t" {
			return f.Body.Get("text"), source
		}
	}
	t.Fatal("no field t")
	return nil, ""
}

// Each string contains the character ¤. However the string is written, PositionAt
// must return the place of that character in the file.
func TestPositionAt(t *testing.T) {
	for name, c := range map[string]struct{ written, more string }{
		"plain":                    {`"ab ¤ cd"`, ""},
		"at the start":             {`"¤ cd"`, ""},
		"after letters of 2 bytes": {`"șțî ¤"`, ""},
		"after quotes":             {`"say \"hi\" ¤"`, ""},
		"after a line break":       {`"one\ntwo \t¤"`, ""},
		"after escapes by number":  {`"\u0103\u00ee \U0001F600 ¤"`, ""},
		"after surrogates":         {`"\ud83d\ude00 ¤"`, ""},
		"raw":                      {`#"a \ \n "quoted" ¤"#`, ""},
		"raw with an escape":       {`#"a \#n \#u0103 ¤"#`, ""},
		"two signs":                {`##"a "# \##t ¤"##`, ""},
		"lines":                    {"\"\"\"\n\t\t\tone\n\t\t\ttwo ¤\n\t\t\t\"\"\"", ""},
		"first line":               {"\"\"\"\n    a ¤\n    b\n    \"\"\"", ""},
		"deeper than the quotes":   {"\"\"\"\n  a\n      b ¤\n  \"\"\"", ""},
		"without an indent":        {"\"\"\"\na\n b ¤\n\"\"\"", ""},
		"after empty lines":        {"\"\"\"\n\n    a\n\n\n    ¤\n    \"\"\"", ""},
		"one line in many quotes":  {"\"\"\"\n    a ¤ b\n    \"\"\"", ""},
		"lines with escapes":       {"\"\"\"\n  a \\\"\\\\ \\u0103\n  b \\n ¤\n  \"\"\"", ""},
		"quotes within lines":      {"\"\"\"\n  a \"b\" \"\"\"c\n  ¤\"\n  \"\"\"", ""},
		"raw lines":                {"#\"\"\"\n\ta \\n \"\"\" b\n\tc \\#t¤\n\t\"\"\"#", ""},
		"windows":                  {"\"\"\"\r\n  a\r\n  b ¤\r\n  \"\"\"", ""},
		"before an expression":     {`"a ¤ \(_x) b"`, "_x: \"long value\"\n"},
		"after an expression":      {`"a \(_x) b ¤"`, "_x: \"long value\"\n"},
		"after two":                {`"\(_x)\(_n + 1) b \n ¤"`, "_x: \"long value\"\n_n: 41\n"},
		"lines with an expression": {"\"\"\"\n   a \\(_x) b\n   c \\(_x)\\(_x) ¤\n   \"\"\"", "_x: \"v\\nw\"\n"},
		"raw with an expression":   {`#"a \(_x) \#(_x) "b" ¤"#`, "_x: \"é\"\n"},
		"joined":                   {`"a b" + ("\t" + "c ¤")`, ""},
		"in a hidden field":        {"_x", "_x: \"\"\"\n\t one \\t\n\t two ¤\n\t \"\"\"\n"},
		"in a definition":          {"#Words.greeting", "#Words: greeting: \"hello \\u0103 ¤\"\n"},
		"by two references":        {`"a " + _y`, "_y: _x\n_x: \"say ¤\"\n"},
		"by let":                   {`y`, "let y = \"say\\t ¤\"\n"},
	} {
		t.Run(name, func(t *testing.T) {
			node, source := templateNode(t, c.written, c.more)
			offset := strings.Index(node.String, "¤")
			at := node.PositionAt(offset)
			before := source[:strings.Index(source, "¤")]
			want := fmt.Sprintf("isle.cue:%d:%d", 1+strings.Count(before, "\n"), len(before)-strings.LastIndexByte(before, '\n'))
			if at.String() != want {
				t.Errorf("%s\ngot %s, want %s", node.String, at, want)
			}
		})
	}
}

// A string that is not a literal has the place of its expression, and so does the
// value of an expression inside a string.
func TestPositionAtInExpressions(t *testing.T) {
	for _, c := range []struct {
		written, more string
		offset        int
		want          string
	}{
		{`strings.ToUpper("ab")`, "", 1, "isle.cue:5:37"},
		{`strings.ToUpper("ab") + "c"`, "", 2, "isle.cue:5:37"},
		{`"a \(_x) b"`, "_x: \"long value\"\n", 6, "isle.cue:5:42"},
		{`"a \(_x) b"`, "_x: \"long value\"\n", 12, "isle.cue:5:45"},
		{`"\u0103b"`, "", 1, "isle.cue:5:38"}, // the second byte of a letter
		{`"ab"`, "", 2, "isle.cue:5:40"},      // the end
	} {
		source := "import \"strings\"\n" + minimal + "fields: t: {kind: \"template\", text: " + c.written + "}\n_used: strings.Join([], \"\")\n" + c.more
		s := mustLoad(t, tree(t, map[string]string{"isle.cue": source}), "isle.cue")
		for _, f := range s.Fields {
			if f.Name != "t" {
				continue
			}
			if at := f.Body.Get("text").PositionAt(c.offset); at.String() != c.want {
				t.Errorf("%s: got byte %d at %s, want %s", c.written, c.offset, at, c.want)
			}
		}
	}
}

// A string in another file of the package has its place there.
func TestPositionAtInAnotherFile(t *testing.T) {
	dir := tree(t, map[string]string{
		"isle/a.cue": "package isle\n" + minimal + "fields: t: {kind: \"template\", text: \"one \" + _words}\n",
		"isle/b.cue": "package isle\n\n_words: \"\"\"\n\ttwo\n\tthree\n\t\"\"\"\n",
	})
	s := mustLoad(t, dir, "isle")
	node := s.Fields[len(s.Fields)-1].Body.Get("text")
	at := node.PositionAt(strings.Index(node.String, "ree"))
	if want := filepath.Join("isle", "b.cue") + ":5:4"; at.String() != want {
		t.Errorf("got %s, want %s", at, want)
	}
}
