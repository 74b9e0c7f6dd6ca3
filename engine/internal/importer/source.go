package importer

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// year returns the year of the picked period.
func (s *Study) year(otherwise int) int {
	for i := range s.Axes {
		if a := &s.Axes[i]; a.About == Periods && a.Fixed >= 0 {
			k := &s.Cube.Dims[i].Categories[a.Fixed]
			if y := yearOf(k.Key()); y > 0 {
				return y
			}
			if y := yearOf(k.Name()); y > 0 {
				return y
			}
		}
	}
	return otherwise
}

// source names the publication, one that the spec has already or a new one.
func (s *Study) source(o Origin, spec *Spec, out *Stanza) string {
	c := s.Cube
	title := c.Title
	if title == "" {
		title = o.File[strings.LastIndexByte(o.File, '/')+1:]
	}
	if c.ID != "" && !strings.Contains(title, c.ID) {
		title += ", table " + c.ID
	}
	src := Source{Publisher: c.Publisher, Title: shortened(title, 300), Date: isoDate(c.Updated), URL: c.URL, Licence: c.Licence}
	for _, name := range slices.Sorted(maps.Keys(spec.Sources)) {
		if spec.Sources[name].Title == src.Title {
			return name
		}
	}
	file := o.File[strings.LastIndexByte(o.File, '/')+1:]
	file, _, _ = strings.Cut(file, ".")
	base := Slug(32, strings.TrimSpace(publisherSlug(c.Publisher)+" "+c.ID), c.Title, file)
	name := base
	for n := 2; ; n++ {
		if _, taken := spec.Sources[name]; !taken {
			break
		}
		name = fmt.Sprintf("%s_%d", base, n)
	}
	spec.Sources[name] = src
	var parts []string
	if src.Publisher != "" {
		parts = append(parts, "publisher: "+cue(src.Publisher))
	}
	parts = append(parts, "title: "+cue(src.Title))
	if year := s.year(o.Year); year > 0 {
		parts = append(parts, fmt.Sprintf("year: %d", year))
	}
	for _, p := range []struct{ key, value string }{{"date", src.Date}, {"url", src.URL}, {"license", src.Licence}} {
		if p.value != "" {
			parts = append(parts, p.key+": "+cue(p.value))
		}
	}
	out.Sources = []Entry{{name, "{" + strings.Join(parts, ", ") + "}"}}
	return name
}

// publisherSlug shortens the name of an office to its initials if it is long.
func publisherSlug(name string) string {
	words := strings.Fields(name)
	if len(words) < 3 {
		return name
	}
	if w := words[0]; len(w) > 2 && strings.ToUpper(w) == w {
		return w
	}
	var b strings.Builder
	for _, w := range words {
		if r := []rune(w)[0]; r >= 'A' && r <= 'Z' {
			b.WriteRune(r)
		}
	}
	if b.Len() < 2 {
		return words[0]
	}
	return b.String()
}

var dayMonth = regexp.MustCompile(`\b\d{1,2}([ /.])(\d{2}|[A-Z][a-z]+)([ /.])(\d{4}|\d{2})\b`)

var dates = regexp.MustCompile(`^(\d{4})-?(\d{2})-?(\d{2})`)

// isoDate returns a date as offices write it in ISO form, or as it is.
func isoDate(text string) string {
	if m := dates.FindStringSubmatch(text); m != nil {
		return m[1] + "-" + m[2] + "-" + m[3]
	}
	if d := dayMonth.FindString(text); d != "" {
		text = strings.ReplaceAll(d, ".", "/")
	}
	for _, form := range []string{"02/01/2006", "02/01/06", "2 January 2006", "2 Jan 2006", "January 2, 2006"} {
		for n := len(text); n >= len("02/01/06"); n-- {
			if d, err := time.Parse(form, text[:n]); err == nil {
				return d.Format("2006-01-02")
			}
		}
	}
	return shortened(text, 40)
}

func shortened(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return strings.TrimSpace(string(r[:n-1])) + "…"
	}
	return text
}
