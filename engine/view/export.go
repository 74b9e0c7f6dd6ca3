package view

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/report"
	"github.com/personagen/personagen/engine/view/store"
)

// export sends the persons selected, in the order of the files, as a data file.
func (v *Viewer) export(w http.ResponseWriter, r *http.Request) {
	f, err := dataset.FormatOf(r.PathValue("format"))
	if err != nil {
		v.missing(w, r)
		return
	}
	s := v.data.state(r.URL.Query())
	if s.faults != nil {
		v.fail(w, r, errors.New(strings.Join(s.faults, " ")))
		return
	}
	selected, err := v.selection(r.Context(), v.data, s, "")
	if err != nil {
		v.fail(w, r, err)
		return
	}
	dir, err := os.MkdirTemp("", "personagen-view-")
	if err != nil {
		v.fail(w, r, err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "selection"+f.Extension)
	if err := v.data.write(r.Context(), path, f.Name, selected); err != nil {
		v.fail(w, r, err)
		return
	}
	file, err := os.Open(path)
	if err != nil {
		v.fail(w, r, err)
		return
	}
	defer file.Close()
	name := strings.TrimSuffix(v.data.Name, filepath.Ext(v.data.Name)) + "-selection" + f.Extension
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	w.Header().Set("Content-Type", "application/octet-stream")
	io.Copy(w, file)
}

// write writes the selected persons to a data file, with all columns of the files.
func (d *Data) write(ctx context.Context, path, format string, selected *store.Selection) error {
	schema := d.Table.Schema
	out, err := dataset.Create(format, path, schema, dataset.Options{})
	if err != nil {
		return err
	}
	defer out.Abort()
	part := out.NewPart()
	flush := func() error {
		if part.Rows() == 0 {
			return nil
		}
		return errors.Join(part.Finish(), out.Append(part))
	}
	if err := d.Table.Each(ctx, selected, func(b *frame.Batch) error {
		if err := part.Write(known(b)); err != nil {
			return err
		}
		if part.Rows() >= dataset.ChunkRows || part.Size() >= dataset.ChunkBytes {
			return flush()
		}
		return nil
	}); err != nil {
		return err
	}
	return errors.Join(flush(), out.Close())
}

// known returns a batch whose values that are no labels are null, because a file cannot
// have them.
func known(b *frame.Batch) *frame.Batch {
	for k := range b.Schema {
		if b.Schema[k].Type != frame.Category {
			continue
		}
		for r, code := range b.Columns[k].Codes {
			if code < -1 {
				b.Columns[k].Codes[r] = -1
			}
		}
	}
	return b
}

// MostExported is the number of persons of the largest page that WritePage writes.
const MostExported = 1000

// mostOpen is the number of persons whose texts are open on such a page.
const mostOpen = 20

// sheet is a page of persons that is complete in itself.
type sheet struct {
	Data   *Data
	Styles template.CSS
	Policy string
	Heads  []head
	Rows   []sheetRow
	Chips  []string
	Total  int
	Open   bool // texts are shown at once
}

type sheetRow struct {
	Cells []cell
	*shownPerson
}

// WritePage writes the persons of a state, the query of an address, as one HTML file
// without scripts that fetches nothing. It returns their number; the error wraps ErrUsage
// if there are more than MostExported or a condition cannot be read.
func (v *Viewer) WritePage(ctx context.Context, path string, query url.Values) (int, error) {
	s := v.data.state(query)
	if s.faults != nil {
		return 0, fmt.Errorf("%w: %s", ErrUsage, strings.Join(s.faults, "; "))
	}
	d := v.data
	selected, err := v.ordered(ctx, d, s)
	if err != nil {
		return 0, err
	}
	if n := selected.Len(); n > MostExported {
		return 0, fmt.Errorf("%w: %d persons are selected, and a page has at most %d; select fewer with --where or --search", ErrUsage, n, MostExported)
	}
	css, err := files.ReadFile("assets/view.css")
	if err != nil {
		return 0, err
	}
	styles := report.Styles() + string(css)
	hash := sha256.Sum256([]byte(styles))
	p := &sheet{Data: d, Styles: template.CSS(styles), Total: d.Table.Rows}
	p.Policy = "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
	for _, t := range s.Terms {
		p.Chips = append(p.Chips, d.titles[t.Field]+": "+plainly(t.Constraint))
	}
	if s.search != nil {
		p.Chips = append(p.Chips, "search: "+s.Query)
	}
	shown := v.columns(s)
	for _, c := range shown {
		p.Heads = append(p.Heads, head{Title: d.titles[c.Field.Name], Number: c.Numeric()})
	}
	p.Open = selected.Len() <= mostOpen
	for i := range selected.Len() {
		person, err := d.show(selected.At(i), s.search)
		if err != nil {
			return 0, err
		}
		r := v.row(s, selected.At(i), shown, nil)
		p.Rows = append(p.Rows, sheetRow{r.Cells, person})
	}
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, "sheet.html.tmpl", p); err != nil {
		return 0, err
	}
	return selected.Len(), release.WriteFile(path, b.Bytes())
}
