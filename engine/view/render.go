package view

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/report"
	"github.com/personagen/personagen/engine/view/store"
)

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"marked":  marked,
	"hidden":  hidden,
	"percent": report.Percent,
	"count":   func(n int64) string { return humanize.Thousands(n) },
	"join":    strings.Join,
}).ParseFS(files, "templates/*.tmpl"))

// marked writes a text with its hits marked.
func marked(segments []store.Segment) template.HTML {
	var b strings.Builder
	for _, s := range segments {
		text := template.HTMLEscapeString(s.Text)
		if s.Hit {
			text = "<mark>" + text + "</mark>"
		}
		b.WriteString(text)
	}
	return template.HTML(b.String())
}

// field is an entry of an address that a form has to keep.
type field struct{ Name, Value string }

// hidden lists what a form has to keep of the state: all but the named entries.
func hidden(s *State, but ...string) (fields []field) {
	v := s.values()
	for _, name := range but {
		v.Del(name)
	}
	for _, name := range []string{"where", "q", "rows", "check", "sort", "cols", "open", "x", "y"} {
		for _, value := range v[name] {
			fields = append(fields, field{name, value})
		}
	}
	return fields
}

// render sends a page. It is made as a whole first, so that a fault sends an error.
func (v *Viewer) render(w http.ResponseWriter, r *http.Request, name string, p any) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, p); err != nil {
		v.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(b.Bytes())
}

// fail sends an error as a page. Files may have been changed or removed while they are
// shown.
func (v *Viewer) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // the browser has gone on
	}
	var b bytes.Buffer
	p := page{View: v, Data: v.data, State: &State{Page: 1}, Title: v.data.Name, Faults: []string{err.Error()}}
	if err := templates.ExecuteTemplate(&b, "fault.html.tmpl", &p); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusInternalServerError)
	w.Write(b.Bytes())
}

// Other reports whether there is a data set beside this one.
func (v *Viewer) Other() bool { return v.other != nil }

// Link and With are for templates.
func (p *page) Link(path string) string { return p.State.Link(path) }

// Clear returns the address of everybody.
func (p *page) Clear() string {
	c := url.Values{}
	if p.State.Cols != nil {
		c.Set("cols", strings.Join(p.State.Cols, ","))
	}
	if p.Here == "cross" {
		c.Set("x", p.State.X)
		c.Set("y", p.State.Y)
		return "/cross?" + c.Encode()
	}
	return fmt.Sprintf("/?%s", c.Encode())
}
