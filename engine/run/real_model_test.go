package run_test

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/run"
)

// TestRealModel makes twenty persons with a real model, end to end. It logs what the
// probe found, what was repaired and what was set aside. It needs a server; see
// testdata/real/real_model.sh.
func TestRealModel(t *testing.T) {
	url := os.Getenv("PERSONAGEN_MODEL_URL")
	if url == "" {
		t.Skip("PERSONAGEN_MODEL_URL is not set; see testdata/real/README.md")
	}
	cfg := run.Config{
		Spec: filepath.Join("testdata", "real", "village.cue"), Out: filepath.Join(t.TempDir(), "out"), Provider: "llama.cpp",
		Writer: run.Writer{Endpoint: endpoint.Config{BaseURL: url, Model: cmp.Or(os.Getenv("PERSONAGEN_MODEL"), "default")}},
		Events: func(e run.Event) {
			if e.Stage == "enrich" {
				t.Log(e.Note)
			}
		},
	}
	s, err := run.Run(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for _, f := range s.Manifest.Texts.Fields {
		t.Logf("%s: %d written, %d set aside", f.Field, f.Written, f.Quarantined)
		total += f.Written + f.Quarantined + f.NotApplicable
	}
	if total != 3*20 {
		t.Errorf("got %d texts in all counts, want 60", total)
	}
	lines := files(t, s.Dir)["jsonl/train-00000-of-00001.jsonl"]
	t.Log(lines[:strings.IndexByte(lines, '\n')])

	// The same run again sends no request and gives the same release.
	again, err := run.Run(context.Background(), cfg)
	if err != nil || again.Manifest.Texts.Calls != 0 || files(t, again.Dir)["jsonl/train-00000-of-00001.jsonl"] != lines {
		t.Errorf("run again: %v, %+v", err, again.Manifest.Texts)
	}
}
