package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/plaintext"
	"github.com/personagen/personagen/engine/kind"
)

// front writes the YAML front matter from which dataset hubs index a card and load
// its data (https://huggingface.co/docs/hub/datasets-cards).
func (r *Release) front(d *document) {
	pop := &r.Population
	d.line("---")
	var languages []string
	for _, tag := range r.languages() {
		tag, _, _ = strings.Cut(tag, "-") // hubs expect a language without its region
		if !slices.Contains(languages, tag) {
			languages = append(languages, tag)
		}
	}
	quotedList(d, "language", languages)
	r.frontLicense(d)
	d.line("pretty_name: %s", quote(pop.title()))
	d.line("size_categories:\n- %s", quote(sizeCategory(pop.Rows)))
	tasks := r.Plan.Card.Tasks
	if tasks == nil && r.Texts != nil {
		tasks = []string{"text-generation"}
	}
	quotedList(d, "task_categories", tasks)
	quotedList(d, "tags", r.keywords())
	r.frontFeatures(d)
	if files := r.data(); files != nil {
		d.line("configs:\n- config_name: default\n  data_files:\n  - split: train\n    path: %s", quote(pattern(files)))
	}
	d.line("---\n")
}

// languages lists the language of the spec and those of texts in the data, as tags.
func (r *Release) languages() []string {
	var out []string
	add := func(tag string) {
		if tag != "" && !slices.Contains(out, tag) {
			out = append(out, tag)
		}
	}
	add(r.Population.Language)
	base, _, _ := strings.Cut(r.Population.Language, "-")
	for _, c := range r.columns() {
		if i := r.text(c.Field.Name); i >= 0 && c.plan.Text != nil && r.Texts.Fields[i].Written > 0 && c.plan.Text.Language != base {
			add(c.plan.Text.Language)
		}
	}
	return out
}

// hubLicense matches the SPDX identifiers that hubs use in lower case.
var hubLicense = regexp.MustCompile(`^(CC-BY(-NC)?(-SA|-ND)?-[234]\.0|CC0-1\.0|Apache-2\.0|MIT|ODbL-1\.0|PDDL-1\.0|ODC-By-1\.0)$`)

func (r *Release) frontLicense(d *document) {
	switch l := r.Population.License; {
	case l == "":
	case hubLicense.MatchString(l):
		l = strings.ToLower(l)
		for _, versionless := range []string{"odbl", "pddl", "odc-by"} {
			if strings.HasPrefix(l, versionless) {
				l = versionless
			}
		}
		d.line("license: %s", l)
	default:
		d.line("license: other\nlicense_name: %s", quote(strings.ToLower(strings.ReplaceAll(l, " ", "-"))))
	}
}

func quotedList(d *document, key string, items []string) {
	if len(items) == 0 {
		return
	}
	d.line("%s:", key)
	for _, item := range items {
		d.line("- %s", quote(item))
	}
}

// frontFeatures lists the columns with the type names of the library datasets,
// and the size of the data.
func (r *Release) frontFeatures(d *document) {
	d.line("dataset_info:\n  features:")
	for _, c := range r.columns() {
		d.line("  - name: %s", quote(c.name()))
		if c.plan.Type == frame.Records && r.lists(c) {
			d.line("    list:")
			for _, x := range c.plan.Records {
				d.line("    - name: %s\n      dtype: %s", quote(x.Name), valueType(x.Type, x.Domain))
			}
			continue
		}
		key := "dtype"
		if r.lists(c) {
			key = "sequence"
		}
		d.line("    %s: %s", key, featureType(c))
	}
	bytes := int64(0)
	for _, f := range r.data() {
		bytes += f.Bytes
	}
	d.line("  splits:\n  - name: train\n    num_examples: %d\n    num_bytes: %d", r.Population.Rows, bytes)
	d.line("  download_size: %d\n  dataset_size: %d", bytes, bytes)
}

// featureType is the type of a column's values; of a list, the type of its items.
func featureType(c column) string {
	if c.boolean() {
		return "bool"
	}
	return valueType(c.stored(), nil)
}

// valueType is the name of a type of values in the library datasets.
func valueType(t frame.Type, d *kind.Domain) string {
	switch t {
	case frame.Category:
		if d != nil && d.Boolean {
			return "bool"
		}
	case frame.Date:
		return "date32"
	case frame.Integer:
		return "int64"
	case frame.Number:
		return "float64"
	}
	return "string"
}

// boolean reports whether a column has truth values.
func (c column) boolean() bool { return c.file.Boolean() }

// sizeCategory is the size class of data sets on hubs.
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

// quote formats text as a double-quoted YAML scalar. Every JSON string is one.
func quote(text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		panic(fmt.Sprint("report: encoding a string: ", err)) // cannot happen
	}
	return plaintext.Visible(strings.TrimSuffix(b.String(), "\n")) // \uXXXX is an escape here
}
