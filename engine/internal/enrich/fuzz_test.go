package enrich

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/journal"
)

// A ledger with any records is opened, or refused by an error that names its folder.
func FuzzLedger(f *testing.F) {
	entries := func(e entry) string {
		data, _ := json.Marshal(e)
		return string(data)
	}
	f.Add(`{"name":"0011223344556677","run":2,"last":1}`, entries(entry{Number: 1, State: submitted, BaseURL: "https://a.test/v1", Model: "m", Name: "n", ID: "b", Requests: 2}))
	f.Add(`{"last":9223372036854775807}`, `{"state":"sending","requests":-1}`)
	f.Add(`{"last":-1}`, `null`)
	f.Add(`[]`, `{"worst":{"tokens":1e99}}`)
	f.Fuzz(func(t *testing.T, head, first string) {
		dir := t.TempDir()
		log, err := journal.Open(dir, journal.Options{})
		if err == nil {
			err = log.Append(journal.Record{Key: headKey, Value: []byte(head)}, journal.Record{Key: batchKey(1), Value: []byte(first)})
		}
		if err != nil {
			t.Fatal(err)
		}
		log.Close()
		start := time.Now()
		waiting, waitErr := Waiting(dir)
		l, err := openLedger(dir, journal.Options{})
		if err == nil {
			var entries []entry
			if entries, err = l.open(); err == nil && len(entries) < waiting {
				t.Errorf("%d batches are waiting, %d are open", waiting, len(entries))
			}
			if err == nil {
				if e := l.next(); e.Number < 1 {
					t.Errorf("the next batch has number %d", e.Number)
				}
			}
			l.close()
		}
		for _, err := range []error{err, waitErr} {
			if err != nil && !strings.Contains(err.Error(), dir) {
				t.Errorf("an error without the folder: %v", err)
			}
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// The index of a batch is read as it was written, or refused by an error with file
// and line.
func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{"person":3,"call":"c","tasks":[{"key":"aa","try":1}],"worst":{"money":1,"tokens":2}}`+"\n"), int64(1))
	f.Add([]byte("{}\n\n{\"person\":-1}\r\n"), int64(3))
	f.Add([]byte("{\"person\":9223372036854775807}"), int64(1))
	f.Fuzz(func(t *testing.T, data []byte, requests int64) {
		l := &ledger{dir: t.TempDir()}
		if err := os.WriteFile(l.index(1), data, 0o600); err != nil {
			t.Fatal(err)
		}
		n := int64(0)
		err := l.eachAsked(entry{Number: 1, ID: "b", Requests: requests}, func(number int64, _ indexLine) error {
			if number != n {
				t.Errorf("got number %d, want %d", number, n)
			}
			n++
			return nil
		})
		if err == nil && n != requests || err != nil && !strings.Contains(err.Error(), filepath.Base(l.index(1))) {
			t.Errorf("read %d of %d requests: %v", n, requests, err)
		}
	})
}

// Whatever a provider writes into its files, each request has at most the one line
// that names it.
func FuzzReplies(f *testing.F) {
	line := func(id string) string {
		return `{"custom_id":"` + id + `","response":{"status_code":200,"body":{"choices":[{"message":{"content":"x"}}]}}}` + "\n"
	}
	f.Add([]byte(line("0-7")+line("2-9")+line("0-8")), []byte(line("1-8")))
	f.Add([]byte("\x00\n{\"custom_id\":7}\n"+line("99-1")+line("-1-1")), []byte(strings.TrimSpace(line("1-1"))))
	f.Add([]byte(strings.Repeat(" ", 1<<18)+line("1-1")), []byte{})
	c, err := endpoint.New(endpoint.Config{BaseURL: "http://model.test/v1", Model: "m", Mode: endpoint.Strict}, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, output, errors []byte) {
		l := &ledger{dir: t.TempDir()}
		for path, data := range map[string][]byte{l.output(1): output, l.errors(1): errors} {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		const requests = 3
		r, err := l.replies(entry{Number: 1, Requests: requests})
		if err != nil {
			t.Fatal(err)
		}
		defer r.close()
		for number := range int64(requests) {
			line, err := r.line(number, nil)
			if err != nil {
				t.Fatal(err)
			}
			if line == nil {
				continue
			}
			id, err := endpoint.BatchID(line)
			if n, _, ok := requestNumber(id); err != nil || !ok || n != number || !bytes.Contains(output, line) && !bytes.Contains(errors, line) {
				t.Errorf("request %d is answered by %q", number, line)
			}
			c.ReadBatchLine(line)
		}
	})
}

// A record of a journal is read as it was written, or is an error; its field is found
// without decoding it.
func FuzzRecord(f *testing.F) {
	for _, r := range []record{{Field: "story", Text: "a \"b\"\n", Source: "m"}, {Field: "tools", Items: []string{"a", ""}, Source: "m"}, {Source: "m", Refused: "too short"}} {
		f.Add(r.bytes())
	}
	f.Add([]byte(`{"field":"a","refused":7}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		key := journal.MakeKey([32]byte{1}, 2)
		j, err := journal.Open(t.TempDir(), journal.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		if err := j.Append(journal.Record{Key: key, Value: data}); err != nil {
			return // too long
		}
		e := &Enricher{journal: j}
		r, err := e.find(key)
		if err != nil {
			return
		}
		again := r.bytes()
		var back record
		if err := json.Unmarshal(again, &back); err != nil || back.Field != r.Field || back.Text != r.Text || back.Source != r.Source || back.Refused != r.Refused || !slices.Equal(back.Items, r.Items) {
			t.Errorf("%+v became %+v: %v", r, back, err)
		}
		plain := !strings.ContainsAny(r.Field, "\"\\<>&\u2028\u2029") && utf8.ValidString(r.Field) && !strings.ContainsFunc(r.Field, func(r rune) bool { return r < ' ' })
		if got := fieldOf(again); r.Refused == "" && plain && got != r.Field {
			t.Errorf("fieldOf(%s) = %q, want %q", again, got, r.Field)
		}
	})
}

// Texts of a model are judged in bounded time, by reasons that fit into a message.
func FuzzRubbish(f *testing.F) {
	for _, text := range []string{
		"At sixty-one she still walks to the hives before breakfast.", rubbishRequest.System, "[NAME] and {x} and <y> XXXX lorem ipsum", "```json\n{\"a\":1}", "I cannot help with that.",
		"Она держит пчёл", "\xff\xfe", strings.Repeat("a ", 500), strings.Repeat("[[", 500), "\u202e\u0301\u0301",
	} {
		f.Add(text, "a lamp\n"+text)
	}
	f.Fuzz(func(t *testing.T, text, items string) {
		if len(text)+len(items) > 20_000 {
			return
		}
		start := time.Now()
		s := newSent(rubbishRequest, map[string]any{"place": "Upper Bend upon the Water", "list": []string{items}, "age": int64(61)})
		p, c, story, tools := rubbishPerson(1)
		for field, r := range map[*field]*record{story: {Field: "story", Text: text}, tools: {Field: "tools", Items: strings.Split(items, "\n")}} {
			one, two := p.rubbish(c, field, r, s), p.rubbish(c, field, r, s)
			if one != two || len(one) > 1000 || strings.ContainsAny(one, "\x1b") {
				t.Errorf("got %q, then %q", one, two)
			}
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// Answers about fields of both kinds are read in bounded time; every text that is
// taken from an answer is in it, as it is or in escapes.
func FuzzAnswerLines(f *testing.F) {
	for _, text := range []string{
		`{"story": "one\ntwo", "tools": ["a", "b"]}`, `{"story": {"text": "x"}, "tools": {"1": "a", "2": "b"}}`, `{"tools": "1. a\n2. b", "STORY": "y"}`,
		"<think>{\"story\":\"no\"}</think>{\"story\":\"yes\"}", "story: x\ntools:\n- a\n- b", `[{"story":"x"}]`, `{"persona":{"story":"raw` + "\n" + `line"}}`, strings.Repeat(`{"story":`, 50),
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 100_000 {
			return
		}
		start := time.Now()
		rest := endpoint.WithoutThoughts(text)
		members, err := parseAnswer(rest, []string{"story", "tools"})
		if err != nil && len(err.Error()) > 2000 {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
		for name, m := range members {
			if name != "story" && name != "tools" {
				t.Errorf("got a field %q that was not asked for", name)
			}
			if s, ok := asText(m); ok && len(s) > 3*len(text) {
				t.Errorf("a text of %d bytes from %d", len(s), len(text))
			}
			total := 0
			items, _ := asItems(m)
			for _, item := range items {
				total += len(item)
			}
			if total > 3*len(text) {
				t.Errorf("items of %d bytes from %d", total, len(text))
			}
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("took %v", took)
		}
	})
}
