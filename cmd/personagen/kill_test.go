package main

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"math/rand/v2"

	"github.com/personagen/personagen/engine/endpoint/fake"
	"github.com/personagen/personagen/engine/journal"
)

// island is a spec with two calls, whose prompts begin with a person's number.
const island = `name: "island", population: {size: 400, seed: 1}
fields: {
	number: {kind: "id"}
	hue: {kind: "category", values: ["red", "green"]}
	years: {kind: "integer", min: 1, max: 60}
	story: {kind: "text", call: "early", chars: {min: 20, max: 400}}
	tools: {kind: "text_list", call: "early", when: years: >=15, items: {min: 2, max: 4}, chars: {min: 3, max: 80}}
	note: {kind: "text", call: "late", chars: {min: 20, max: 400}}
	origin: kind: "text_source"
}
calls: {
	early: {prompt: "P{{ .number }}: {{ .years }}, {{ .hue }}", model: "m"}
	late: {prompt: "P{{ .number }}: {{ .story }}", model: "m"}
}
enrichment: repairs: 20
endpoints: vllm: {mode: "json_schema", max_in_flight: 12}
`

// islander returns a number for the person of a prompt, which does not depend on
// earlier requests.
func islander(user string) int {
	id, _, _ := strings.Cut(user, ":")
	h := fnv.New64a()
	h.Write([]byte(id))
	return int(h.Sum64() >> 20)
}

// aboutText returns the beginning of a text about a person; written matches it.
func aboutText(number int, field string) string {
	return fmt.Sprintf("Text %d about %s", number, field)
}

var written = regexp.MustCompile(`Text \d+ about [a-z]+`)

type islandRun struct {
	t      *testing.T
	dir    string
	spec   string
	url    string
	output strings.Builder // stdout and stderr of all runs
}

func (r *islandRun) start(out string) (*exec.Cmd, *strings.Builder) {
	r.t.Helper()
	path, err := exec.LookPath("personagen")
	if err != nil {
		r.t.Fatal(err)
	}
	output := &strings.Builder{}
	c := exec.Command(path, "run", r.spec, "--provider", "vllm", "--base-url", r.url, "--key-var", "ISLAND_KEY", "-o", filepath.Join(r.dir, out), "--no-cache", "--workers-in-flight", "12", "--json")
	c.Stdout, c.Stderr = output, output
	c.Env = append(os.Environ(), "ISLAND_KEY="+secret)
	if err := c.Start(); err != nil {
		r.t.Fatal(err)
	}
	return c, output
}

const secret = "sk-never-to-be-seen-4711"

// records reads a journal: field values by key. It is read while no run writes.
func (r *islandRun) records(out string) map[journal.Key]string {
	r.t.Helper()
	dir, all := filepath.Join(r.dir, out+".journal"), map[journal.Key]string{}
	if _, err := os.Stat(dir); err != nil {
		return all
	}
	j, err := journal.Open(dir, journal.Options{})
	if err != nil {
		r.t.Fatal(err)
	}
	defer j.Close()
	if report := j.Report(); !report.Whole() {
		r.t.Fatalf("damage: %s", report)
	}
	if err := j.Range(func(key journal.Key, value []byte) error { all[key] = string(value); return nil }); err != nil {
		r.t.Fatal(err)
	}
	return all
}

// TestKillRun kills runs at random moments until one finishes. No accepted answer is
// lost, damaged or paid for again, and the release has the bytes of a run that was not
// killed. The key appears in no file and no output.
func TestKillRun(t *testing.T) {
	t.Run("alike", func(t *testing.T) { killRun(t, island, 0) })
	t.Run("varied", func(t *testing.T) {
		// What a window avoids follows from the texts before it, of which a killed run has some.
		const avoid = `{{ range .Fields }}{{ with .avoid }} without {{ join ", " . }}{{ end }}{{ end }}`
		spec := strings.NewReplacer("max: 80", "max: 400", `{{ .hue }}"`, "{{ .hue }}"+strings.ReplaceAll(avoid, `"`, `\"`)+`", examples: [`+
			`{prompt: "P1: 3, red", answer: tools: ["a rod", "a reel"]}, {prompt: "P2: 4, red", answer: tools: ["an oar", "a sail"]}]`).Replace(island) + `
variation: {examples: 1, shares: [{share: 2}, {share: 1, model: "n"}], avoid: {after: 80, fields: ["story", "tools"]}}
`
		r := killRun(t, spec, 95)
		avoided := 0
		for _, value := range r.records("killed") {
			if strings.HasPrefix(value, `{"persons":`) && strings.Contains(value, `"text":"and so the text goes`) {
				avoided++
			}
		}
		if avoided != 3 { // from persons 80, 160 and 320 on
			t.Errorf("%d windows have phrases to avoid, want 3", avoided)
		}
	})
}

// killRun kills runs of a spec until one finishes. Texts have a length in characters, 0 for
// the server's own.
func killRun(t *testing.T, spec string, length int) *islandRun {
	var mu sync.Mutex
	accepted := map[string]bool{} // texts in the journal before the run that is under way
	var twice []string
	server := &fake.Server{
		Latency: 10 * time.Millisecond, RetryAfter: 5 * time.Millisecond, Number: islander, TextLength: length,
		Faults: fake.Random(5, 0.2, fake.RateLimitAfter, fake.TruncatedJSON, fake.CodeFence, fake.WrongTypes, fake.MissingKeys, fake.Refusal,
			fake.RefusalInText, fake.Filtered, fake.Empty, fake.Length, fake.SchemaIgnored, fake.SlowBody, fake.ServerError),
		Seen: func(body map[string]json.RawMessage, _ http.Header) {
			var messages []struct{ Role, Content string }
			var format struct {
				Schema struct{ Schema struct{ Required []string } } `json:"json_schema"`
			}
			if json.Unmarshal(body["messages"], &messages) != nil || json.Unmarshal(body["response_format"], &format) != nil {
				t.Errorf("unexpected request: %s", body["messages"])
				return
			}
			mu.Lock()
			defer mu.Unlock()
			for _, field := range format.Schema.Schema.Required {
				if text := aboutText(islander(messages[len(messages)-1].Content), field); accepted[text] {
					twice = append(twice, text)
				}
			}
		},
	}
	web := server.Start()
	defer web.Close()
	r := &islandRun{t: t, dir: t.TempDir(), url: web.URL + "/v1"}
	r.spec = filepath.Join(r.dir, "island.cue")
	if err := os.WriteFile(r.spec, []byte(spec), 0o644); err != nil {
		t.Fatal(err)
	}
	c, output := r.start("calm")
	if err := c.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	r.output.WriteString(output.String())

	src := rand.New(rand.NewPCG(2, 0))
	have := map[journal.Key]string{}
	kills := 0
	for ended := false; !ended; {
		mu.Lock()
		for _, value := range have {
			if about := written.FindString(value); about != "" {
				accepted[about] = true
			}
		}
		mu.Unlock()
		c, output := r.start("killed")
		timer := time.AfterFunc(time.Duration(60+src.IntN(500))*time.Millisecond, func() { c.Process.Kill() })
		err := c.Wait()
		ended = timer.Stop() || err == nil
		if ended && err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		if !ended {
			kills++
		}
		r.output.WriteString(output.String())
		now := r.records("killed")
		for key, value := range have {
			if now[key] != value {
				t.Fatalf("after kill %d: accepted answer %q became %q", kills, value, now[key])
			}
		}
		have = now
		if kills > 200 {
			t.Fatal("no run finished")
		}
	}
	if kills < 3 {
		t.Errorf("got %d kills, want more", kills)
	}
	r.compare("calm", "killed")
	if d := len(have) - len(r.records("calm")); d != 0 {
		t.Errorf("got %d records more than a run that was not killed", d)
	}
	if len(twice) > 0 {
		t.Errorf("requested accepted texts again: %q", twice)
	}
	if len(accepted) < 500 {
		t.Errorf("got %d texts accepted before the last run, want more", len(accepted))
	}
	t.Logf("%d kills, %d calls in all for twice %d records", kills, server.Calls(), len(have))
	r.noSecret()
	return r
}

// compare requires two releases to be equal, except for the manifest and the report,
// which state the cost of the last run.
func (r *islandRun) compare(one, other string) {
	r.t.Helper()
	a, b := r.release(one), r.release(other)
	if d := slices.Compare(slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b))); d != 0 || len(a) < 5 {
		r.t.Errorf("the releases have files %v and %v", slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b)))
	}
	for name, data := range a {
		if name == "manifest.json" || name == "report.html" || data == b[name] {
			continue
		}
		at := 0
		for at < min(len(data), len(b[name])) && data[at] == b[name][at] {
			at++
		}
		r.t.Errorf("%s differs: %.80q and %.80q", name, data[max(0, at-40):], b[name][max(0, at-40):])
	}
}

func (r *islandRun) release(name string) map[string]string {
	files, dir := map[string]string{}, filepath.Join(r.dir, name)
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		files[name] = string(data)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return files
}

// noSecret checks that the key appears in no file and no output of the runs.
func (r *islandRun) noSecret() {
	r.t.Helper()
	searched := 0
	check := func(where, text string) {
		searched++
		if strings.Contains(text, secret) {
			r.t.Errorf("the key is in %s", where)
		}
	}
	check("the output", r.output.String())
	err := filepath.WalkDir(r.dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		check(path, string(data))
		return err
	})
	if err != nil || searched < 15 {
		r.t.Errorf("searched %d files: %v", searched, err)
	}
}

// TestKeysStaySecret uses a server that repeats the key in its errors. The key must
// not appear in the output.
func TestKeysStaySecret(t *testing.T) {
	for _, fault := range []fake.Fault{fake.Unauthorised, fake.Quota, fake.BadRequest} {
		web := (&fake.Server{Faults: fake.Always(fault)}).Start()
		r := &islandRun{t: t, dir: t.TempDir(), url: web.URL + "/v1"}
		r.spec = filepath.Join(r.dir, "island.cue")
		if err := os.WriteFile(r.spec, []byte(island), 0o644); err != nil {
			t.Fatal(err)
		}
		c, output := r.start("out")
		if err := c.Wait(); err == nil {
			t.Errorf("%s: the run succeeded", fault)
		}
		if strings.Contains(output.String(), secret) || fault == fake.Unauthorised && !strings.Contains(output.String(), "***") {
			t.Errorf("%s: %s", fault, output)
		}
		web.Close()
	}
}
