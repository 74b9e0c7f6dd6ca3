package main

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/personagen/personagen/engine/endpoint/fake"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"personagen": main})
}

// TestScripts runs testdata/script, one file per behaviour. UPDATE=1 rewrites
// the expected output in the scripts.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       os.Getenv("UPDATE") != "",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setUp,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"alike":       alike,
			"exits":       exits,
			"head":        head,
			"hidden":      hidden,
			"interrupts":  interrupts,
			"onedocument": oneDocument,
			"replace":     replace,
			"same":        same,
			"workbook":    workbook,
		},
	})
}

// setUp gives each script the fictional world in $WORK/harbour, two releases and a
// journal that version 0.1 of the program wrote, the README's spec, a separate cache,
// and servers, most of them of models:
//   - $S3_URL is an S3 service with a bucket named bucket.
//   - $MODEL_URL fails now and then.
//   - $PLAIN_URL never fails.
//   - $SLOW_URL is slow.
//   - $BIASED_URL writes nothing about people who are red.
//   - $PICKY_URL accepts small batches only.
//   - $PROSE_URL never answers in JSON.
//   - $TRANSLATOR_URL translates what stands between bars: |field=text|.
//   - $TELLTALE_URL/WAY sends the key back.
//   - $ARBITER_URL prefers one of two persons, as the rubric says: the "first", the
//     "longer", the "marked" (with the word amber), "nobody", or it says "nonsense".
//   - $JUDGE_URL gives scores that follow from the request; at first, it gives those who
//     are green scores that are not on the scale. It never gives a score for "oddity".
func setUp(env *testscript.Env) error {
	env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
	env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, "cache"))
	model := (&fake.Server{Faults: fake.Random(1, 0.2, fake.CodeFence, fake.MissingKeys, fake.Length)}).Start()
	env.Defer(model.Close)
	env.Setenv("MODEL_URL", model.URL+"/v1")
	buckets := s3mem.New()
	if err := buckets.CreateBucket("bucket"); err != nil {
		return err
	}
	s3 := httptest.NewServer(gofakes3.New(buckets).Server())
	env.Defer(s3.Close)
	env.Setenv("S3_URL", s3.URL)
	plain := (&fake.Server{}).Start()
	env.Defer(plain.Close)
	env.Setenv("PLAIN_URL", plain.URL+"/v1")
	biased := (&fake.Server{FaultOf: func(user string) fake.Fault {
		if strings.Contains(user, "red") {
			return fake.RefusalInText
		}
		return fake.None
	}}).Start()
	env.Defer(biased.Close)
	env.Setenv("BIASED_URL", biased.URL+"/v1")
	late := &fake.Server{Latency: 200 * time.Millisecond}
	late.Batches.Delay = 2 * time.Second
	slow := late.Start()
	env.Defer(slow.Close)
	env.Setenv("SLOW_URL", slow.URL+"/v1")
	strict := &fake.Server{}
	strict.Batches.Requests = 30
	picky := strict.Start()
	env.Defer(picky.Close)
	env.Setenv("PICKY_URL", picky.URL+"/v1")
	telltale := newTelltale()
	env.Defer(telltale.Close)
	env.Setenv("TELLTALE_URL", telltale.URL)
	arbiter := (&fake.Server{Writes: arbitrate}).Start()
	env.Defer(arbiter.Close)
	env.Setenv("ARBITER_URL", arbiter.URL+"/v1")
	judge := (&fake.Server{Writes: func(a fake.Asked) string {
		return a.Scored(func(name string) string {
			switch {
			case name == "oddity":
				return `"very odd"`
			case strings.Contains(a.User, "green") && !strings.Contains(a.User, "could not be used"):
				return "9"
			}
			h := fnv.New32a()
			io.WriteString(h, a.User[:strings.Index(a.User, ":")]+name)
			return fmt.Sprintf(`"%d/5"`, 3+h.Sum32()%3)
		})
	}}).Start()
	env.Defer(judge.Close)
	env.Setenv("JUDGE_URL", judge.URL+"/v1")
	translator := (&fake.Server{Writes: translate}).Start()
	env.Defer(translator.Close)
	env.Setenv("TRANSLATOR_URL", translator.URL+"/v1")
	prose := (&fake.Server{Faults: fake.Always(fake.SchemaIgnored)}).Start()
	env.Defer(prose.Close)
	env.Setenv("PROSE_URL", prose.URL+"/v1")
	tour, err := os.ReadFile(filepath.Join("..", "..", "specs", "quickstart.cue"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(env.WorkDir, "quickstart.cue"), tour, 0o644); err != nil {
		return err
	}
	for _, name := range []string{"adult", "harbour", "flat", "version1.journal"} {
		if err := os.CopyFS(filepath.Join(env.WorkDir, name), os.DirFS(filepath.Join("testdata", name))); err != nil {
			return err
		}
	}
	return nil
}

// exits runs a command that must exit with a code: exits CODE COMMAND...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	if got := codeOf(ts, err); got != want {
		ts.Fatalf("got exit code %d, want %d\nstdout:\n%s\nstderr:\n%s", got, want, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

func codeOf(ts *testscript.TestScript, err error) int {
	if err == nil {
		return 0
	}
	exit, ok := err.(*exec.ExitError)
	if !ok {
		ts.Fatalf("%v", err)
	}
	return exit.ExitCode()
}

// interrupts runs a command, waits until a file matches a pattern, or, if the pattern
// is "says:TEXT", until stderr contains the text, and sends Ctrl-C. The command must
// exit with the code. Its stderr is saved in a file:
// interrupts CODE PATTERN STDERR COMMAND...
func interrupts(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: interrupts CODE PATTERN STDERR COMMAND [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	args = args[1:]
	stderr, err := os.Create(ts.MkAbs(args[1]))
	ts.Check(err)
	defer stderr.Close()
	path, err := exec.LookPath(args[2])
	ts.Check(err)
	c := exec.Command(path, args[3:]...)
	c.Dir, c.Stderr = ts.MkAbs("."), stderr
	c.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"), "XDG_CACHE_HOME="+ts.Getenv("XDG_CACHE_HOME"), "OPENAI_API_KEY="+ts.Getenv("OPENAI_API_KEY"))
	ts.Check(c.Start())
	for range 600 {
		if text, ok := strings.CutPrefix(args[0], "says:"); ok && strings.Contains(ts.ReadFile(args[1]), text) {
			break
		}
		if found, _ := filepath.Glob(ts.MkAbs(args[0])); len(found) > 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Check(c.Process.Signal(syscall.SIGINT))
	if got := codeOf(ts, c.Wait()); got != want {
		ts.Fatalf("got exit code %d, want %d\nstderr:\n%s", got, want, ts.ReadFile(args[1]))
	}
}

// same requires two folders to have the same files with the same bytes, except for
// the timings in reports.
func same(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: same DIR DIR")
	}
	one, other := files(ts, args[0]), files(ts, args[1])
	for name, data := range one {
		data = timeless(data)
		if _, ok := other[name]; !ok {
			ts.Fatalf("%s is missing in %s", name, args[1])
		}
		if data != timeless(other[name]) {
			ts.Fatalf("%s differs between %s and %s", name, args[0], args[1])
		}
	}
	if len(one) != len(other) || len(one) == 0 {
		ts.Fatalf("%s has %d files, %s has %d", args[0], len(one), args[1], len(other))
	}
}

// timeless removes the timings from a report.
func timeless(page string) string {
	before, rest, found := strings.Cut(page, `<section id="timings"`)
	_, after, _ := strings.Cut(rest, "</section>")
	if !found {
		return page
	}
	return before + after
}

// head prints the first lines of a file to stdout: head N FILE.
func head(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: head N FILE")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	lines := strings.SplitAfter(ts.ReadFile(args[1]), "\n")
	fmt.Fprint(ts.Stdout(), strings.Join(lines[:n], ""))
}

// replace replaces every occurrence of a string in a file: replace OLD NEW FILE.
// \n is a newline.
func replace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace OLD NEW FILE")
	}
	for i, arg := range args[:2] {
		args[i] = strings.ReplaceAll(arg, `\n`, "\n")
	}
	text := ts.ReadFile(args[2])
	if !strings.Contains(text, args[0]) {
		ts.Fatalf("%s does not contain %q", args[2], args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(strings.ReplaceAll(text, args[0], args[1])), 0o644))
}

// oneDocument requires a file to contain exactly one JSON document.
func oneDocument(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: onedocument FILE")
	}
	if text := ts.ReadFile(args[0]); !json.Valid([]byte(text)) {
		ts.Fatalf("%s is not one JSON document:\n%s", args[0], text)
	}
}

func files(ts *testscript.TestScript, dir string) map[string]string {
	found := map[string]string{}
	ts.Check(fs.WalkDir(os.DirFS(ts.MkAbs(dir)), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
		case e.IsDir() && name == "_job": // what a job needs beside its release
			return fs.SkipDir
		case !e.IsDir():
			found[name] = ts.ReadFile(filepath.Join(dir, name))
		}
		return err
	}))
	return found
}

// arbitrate prefers one of two persons, as the rubric says.
func arbitrate(a fake.Asked) string {
	_, texts, found := strings.Cut(a.User, "Texts of A:")
	first, second, both := strings.Cut(texts, "Texts of B:")
	if a.Canary || !found || !both {
		return a.Answer
	}
	better := "B"
	switch rule, _, _ := strings.Cut(a.System, "\n"); {
	case rule == "nonsense":
		better = "C"
	case rule == "nobody":
		better = "tie"
	case rule == "first", rule == "longer" && len(first) > len(second), rule == "marked" && strings.Contains(first, "amber"):
		better = "A"
	}
	return fmt.Sprintf(`{"reason":"It is %s.","better":"%s"}`, better, better)
}
