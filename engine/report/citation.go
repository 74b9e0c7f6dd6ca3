package report

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/spec"
)

// authors returns the authors on the card, or else the unnamed authors of the spec.
func (r *Release) authors() []spec.Author {
	if a := r.Plan.Card.Authors; len(a) > 0 {
		return a
	}
	return []spec.Author{{Name: "Authors of the specification " + r.Population.Name}}
}

// bibAuthors joins authors in the syntax of BibTeX.
func bibAuthors(authors []spec.Author) string {
	var out []string
	for _, a := range authors {
		switch {
		case a.Name != "":
			out = append(out, "{"+bibText(a.Name)+"}") // braces: an organisation has no family name
		case a.Given != "":
			out = append(out, bibText(a.Family)+", "+bibText(a.Given))
		default:
			out = append(out, bibText(a.Family))
		}
	}
	return strings.Join(out, " and ")
}

// bibEntry returns the BibTeX entry of the release.
func (r *Release) bibEntry() string {
	pop, c := &r.Population, &r.Plan.Card
	entry := []string{"title = {" + bibText(pop.title()) + "}", "author = {" + bibAuthors(r.authors()) + "}"}
	add := func(key, value string) {
		if value != "" {
			entry = append(entry, key+" = {"+bibText(value)+"}")
		}
	}
	year, _, _ := strings.Cut(c.Date, "-")
	add("year", year)
	add("version", pop.Version)
	add("doi", c.DOI)
	add("url", cmp.Or(c.URL, c.Repository))
	entry = append(entry, fmt.Sprintf("note = {%d synthetic persons, seed %d, plan %s}", pop.Rows, pop.Seed, short(pop.Plan)))
	return fmt.Sprintf("@misc{%s,\n  %s\n}", pop.Name, strings.Join(entry, ",\n  "))
}

// bibText replaces or escapes the special characters of BibTeX.
func bibText(s string) string {
	return strings.NewReplacer("{", "(", "}", ")", "\\", "/", "%", "\\%", "#", "\\#", "&", "\\&", "\n", " ").Replace(s)
}

// spdxID matches a single SPDX identifier. CITATION.cff and spdx.org do not take
// expressions of several.
var spdxID = regexp.MustCompile(`^[A-Za-z0-9.+-]+$`)

// Citation writes the release's CITATION.cff (Citation File Format 1.2.0).
func (r *Release) Citation(w io.Writer) error {
	var d document
	pop, c := &r.Population, &r.Plan.Card
	d.line("cff-version: 1.2.0")
	d.line("type: dataset")
	d.line("message: %s", quote("If you use this data, please cite it as below and cite the sources that it is based on."))
	d.line("title: %s", quote(pop.title()))
	if text := strings.Join(strings.Fields(pop.Description), " "); text != "" {
		d.line("abstract: %s", quote(text))
	}
	d.line("authors:")
	for _, a := range r.authors() {
		cffAuthor(&d, "", a)
	}
	field := func(key, value string) {
		if value != "" {
			d.line("%s: %s", key, quote(value))
		}
	}
	field("version", pop.Version)
	field("date-released", c.Date)
	if spdxID.MatchString(pop.License) && !strings.HasPrefix(pop.License, "LicenseRef-") {
		field("license", pop.License)
	}
	field("doi", c.DOI)
	field("url", c.URL)
	field("repository-code", c.Repository)
	quotedList(&d, "keywords", r.keywords())
	d.line("identifiers:\n- type: other\n  value: %s\n  description: %s", quote("plan "+pop.Plan), quote("hash of the plan that the data was generated from"))
	r.cffReferences(&d)
	_, err := w.Write(d.Bytes())
	return err
}

// keywords returns the keywords of the release: fixed ones, then the card's tags.
func (r *Release) keywords() []string {
	words := []string{"synthetic", "personas"}
	for _, t := range r.Plan.Card.Tags {
		if t != words[0] && t != words[1] {
			words = append(words, t)
		}
	}
	return words
}

func cffAuthor(d *document, indent string, a spec.Author) {
	lead := "- "
	for _, x := range [][2]string{{"name", a.Name}, {"family-names", a.Family}, {"given-names", a.Given}, {"affiliation", a.Affiliation}, {"website", a.URL}} {
		if x[1] == "" || x[0] == "affiliation" && a.Name != "" {
			continue // the format has no affiliation for organisations
		}
		d.line("%s%s%s: %s", indent, lead, x[0], quote(x[1]))
		lead = "  "
	}
}

// cffReferences lists the sources that have a publisher.
func (r *Release) cffReferences(d *document) {
	first := true
	for _, s := range r.Sources {
		if s.Publisher == "" {
			continue
		}
		if first {
			d.line("references:")
			first = false
		}
		d.line("- type: data\n  title: %s\n  authors:", quote(s.Title))
		cffAuthor(d, "  ", spec.Author{Name: s.Publisher})
		if s.Year != 0 {
			d.line("  year: %s", strconv.Itoa(s.Year))
		}
		if s.URL != "" {
			d.line("  url: %s", quote(s.URL))
		}
		if spdxID.MatchString(s.License) {
			d.line("  license: %s", quote(s.License))
		}
	}
}
