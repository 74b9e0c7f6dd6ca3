package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/plaintext"
)

// front writes the YAML front matter by which dataset hubs index a card and
// load its data (https://huggingface.co/docs/hub/datasets-cards).
func (r *Release) front(p *paper) {
	pop := &r.Population
	p.line("---")
	if pop.Language != "" {
		tag, _, _ := strings.Cut(pop.Language, "-")
		p.line("language:\n- %s", quote(tag)) // hubs know languages, not their regions
	}
	r.frontLicense(p)
	p.line("pretty_name: %s", quote(pop.title()))
	p.line("size_categories:\n- %s", quote(sizeCategory(pop.Rows)))
	tasks := r.Plan.Card.Tasks
	if tasks == nil && r.Texts != nil {
		tasks = []string{"text-generation"}
	}
	quotedList(p, "task_categories", tasks)
	quotedList(p, "tags", r.keywords())
	r.frontFeatures(p)
	if files := r.data(); files != nil {
		p.line("configs:\n- config_name: default\n  data_files:\n  - split: train\n    path: %s", quote(pattern(files)))
	}
	p.line("---\n")
}

// hubLicense matches licences that hubs name as SPDX does, in lower case.
var hubLicense = regexp.MustCompile(`^(CC-BY(-NC)?(-SA|-ND)?-[234]\.0|CC0-1\.0|Apache-2\.0|MIT|ODbL-1\.0|PDDL-1\.0|ODC-By-1\.0)$`)

func (r *Release) frontLicense(p *paper) {
	switch l := r.Population.License; {
	case l == "":
	case hubLicense.MatchString(l):
		l = strings.ToLower(l)
		for _, versionless := range []string{"odbl", "pddl", "odc-by"} {
			if strings.HasPrefix(l, versionless) {
				l = versionless
			}
		}
		p.line("license: %s", l)
	default:
		p.line("license: other\nlicense_name: %s", quote(strings.ToLower(strings.ReplaceAll(l, " ", "-"))))
	}
}

func quotedList(p *paper, key string, items []string) {
	if len(items) == 0 {
		return
	}
	p.line("%s:", key)
	for _, item := range items {
		p.line("- %s", quote(item))
	}
}

// frontFeatures names the columns with their types as the library datasets has
// them, and the size of the data.
func (r *Release) frontFeatures(p *paper) {
	p.line("dataset_info:\n  features:")
	for _, c := range r.columns() {
		p.line("  - name: %s", quote(c.name()))
		key := "dtype"
		if r.lists(c) {
			key = "sequence"
		}
		p.line("    %s: %s", key, featureType(c.Type))
	}
	bytes := int64(0)
	for _, f := range r.data() {
		bytes += f.Bytes
	}
	p.line("  splits:\n  - name: train\n    num_examples: %d\n    num_bytes: %d", r.Population.Rows, bytes)
	p.line("  download_size: %d\n  dataset_size: %d", bytes, bytes)
}

// featureType is the type of a value of a column, of an item in a list.
func featureType(t frame.Type) string {
	switch t {
	case frame.Integer:
		return "int64"
	case frame.Number:
		return "float64"
	}
	return "string"
}

// sizeCategory is the class of size that hubs sort data sets by.
func sizeCategory(rows int64) string {
	names := []string{"1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B"}
	limit := int64(1000)
	for i, name := range names {
		if rows < limit {
			if i == 0 {
				return "n<1K"
			}
			return names[i-1] + "<n<" + name
		}
		limit *= 10
	}
	return "10B<n<100B"
}

// quote writes a text as a double-quoted YAML scalar, which JSON's strings are.
func quote(text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		panic(fmt.Sprint("report: a string cannot be written: ", err)) // there is none
	}
	return plaintext.Visible(strings.TrimSuffix(b.String(), "\n")) // \uXXXX is an escape here
}
