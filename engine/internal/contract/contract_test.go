package contract

import "testing"

func TestText(t *testing.T) {
	w := New(map[string]string{"de o": "do", "de a": "da", "em os": "nos", "a a": "à", "zu der": "zur", "de um": "de\u00a0um outro", "x": "y", "a b c": "z"})
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"de", "de"},
		{"de o", "do"},
		{"gosta de o Rio.", "gosta do Rio."},
		{"De o Rio", "Do Rio"},
		{"DE o Rio", "DE o Rio"},
		{"de O Globo", "de O Globo"},
		{"de os Santos", "de os Santos"},
		{"de ouro", "de ouro"},
		{"onde o Rio", "onde o Rio"},
		{"dé o Rio", "dé o Rio"},
		{"de  o Rio", "de  o Rio"},
		{"de\u00a0o Rio", "de\u00a0o Rio"},
		{"de, o Rio", "de, o Rio"},
		{"(de o) «em os»", "(do) «nos»"},
		{"em os em os", "nos nos"},
		{"vai a a a a escola", "vai à à escola"},
		{"a a\u0301", "a a\u0301"},
		{"de a de o de a", "da do da"},
		{"de um e de o", "de\u00a0um outro e do"}, // longer than the words
		{"zu der Tür", "zur Tür"},
		{"d'de o", "d'de o"},
		{"'de o' ’de o’", "'do' ’do’"},
		{"\xffde o\xff", "\xffdo\xff"},
	} {
		if got := w.Text(c.text); got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
		prefix := "de o "
		if got := string(w.Apply([]byte(prefix+c.text), len(prefix))); got != prefix+c.want {
			t.Errorf("%q after other text: got %q, want %q", c.text, got, prefix+c.want)
		}
	}
	if got := (Words{}).Text("de o"); got != "de o" {
		t.Errorf("without contractions got %q", got)
	}
}
