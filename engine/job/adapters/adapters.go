// Package adapters holds files with which Spark, Slurm and Kubernetes make a job of package
// job: they start its commands, and start them again by their exit codes.
package adapters

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"text/template"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/job"
)

//go:embed spark slurm kubernetes
var templates embed.FS

// Engines are the names of the engines.
var Engines = []string{"kubernetes", "slurm", "spark"}

// mostTasks is the most pods of an Indexed Job; each then makes several parts. Kubernetes
// allows a hundred thousand and is slow long before.
const mostTasks = 10_000

// mostPods is how many pods of a step there are at once.
const mostPods = 50

// Options say what the files contain.
type Options struct {
	Address string // of the job: an absolute folder, or a URL
	Image   string // of containers, for Kubernetes
	Claim   string // of a persistent volume that holds the job, for Kubernetes; "" if the address is a URL
}

// File is a file with its name, without a folder.
type File struct {
	Name string
	Data []byte
}

// step is one Job of Kubernetes.
type step struct {
	Step, Name string
	Tasks      int // of an Indexed Job, or 0
	AtOnce     int
}

// Files returns the files for an engine, which must be one of Engines.
func Files(engine string, j *job.Job, o Options) ([]File, error) {
	entries, err := templates.ReadDir(engine)
	if err != nil {
		return nil, err
	}
	values := struct {
		*job.Job
		Options
		Escaped string // the address as an argument of a container
		Steps   []step
		AtOnce  int // parts that may be made at once; 0 for any number
	}{Job: j, Options: o, Escaped: strings.ReplaceAll(o.Address, "$(", "$$(")}
	podsOfParts := mostPods
	if j.Texts != nil {
		values.AtOnce = j.Texts.AtOnce
		podsOfParts = min(podsOfParts, values.AtOnce)
	}
	for _, s := range []step{{Step: "part", Tasks: min(j.Parts, mostTasks), AtOnce: podsOfParts}, {Step: "reduce", Tasks: min(j.Reductions, mostTasks), AtOnce: mostPods}, {Step: "commit"}} {
		s.Name = fmt.Sprintf("personagen-%s%.8s-%s", label(j.Name), j.Bundle.SHA256, s.Step)
		values.Steps = append(values.Steps, s)
	}
	var files []File
	for _, e := range entries {
		t, err := template.New(e.Name()).Funcs(functions).ParseFS(templates, path.Join(engine, e.Name()))
		if err != nil {
			return nil, err
		}
		var text bytes.Buffer
		if err := t.Execute(&text, values); err != nil {
			return nil, err
		}
		files = append(files, File{e.Name(), text.Bytes()})
	}
	return files, nil
}

var functions = template.FuncMap{
	"json": quote,
	"sh":   humanize.ShellWord,
	"min":  func(a, b int) int { return min(a, b) },
}

// quote writes a string for JSON, which Python and YAML read as well.
func quote(s string) (string, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	err := e.Encode(s)
	return strings.TrimSuffix(text.String(), "\n"), err
}

// label makes a name a part of one of Kubernetes, followed by a hyphen. The names of pods
// of an Indexed Job have at most 63 bytes.
func label(name string) string {
	const most = 24
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	text := strings.Join(words, "-")
	if text = strings.Trim(text[:min(len(text), most)], "-"); text == "" {
		return ""
	}
	return text + "-"
}
