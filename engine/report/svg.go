package report

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// drawing is an SVG element that is being written. All texts and attributes are
// escaped.
type drawing struct{ strings.Builder }

// pct is a length in percent of the chart.
type pct float64

// element writes an element without content. attributes are pairs of names and
// values.
func (d *drawing) element(name string, attributes ...any) {
	d.tag(name, attributes)
	d.WriteString("/>")
}

func (d *drawing) begin(name string, attributes ...any) {
	d.tag(name, attributes)
	d.WriteString(">")
}

func (d *drawing) tag(name string, attributes []any) {
	d.WriteString("<" + name)
	for i := 0; i < len(attributes); i += 2 {
		fmt.Fprintf(d, ` %s="%s"`, attributes[i], template.HTMLEscapeString(attribute(attributes[i+1])))
	}
}

func (d *drawing) end(name string) { d.WriteString("</" + name + ">") }

// text writes an element that contains text.
func (d *drawing) text(name, text string, attributes ...any) {
	d.begin(name, attributes...)
	d.WriteString(template.HTMLEscapeString(text))
	d.end(name)
}

func attribute(v any) string {
	switch v := v.(type) {
	case pct:
		return coordinate(float64(v)) + "%"
	case float64:
		return coordinate(v)
	}
	return fmt.Sprint(v)
}

// coordinate formats a coordinate with at most two decimals.
func coordinate(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		x = 0
	}
	text := strconv.FormatFloat(math.Round(x*100)/100, 'f', -1, 64)
	if text == "-0" {
		return "0"
	}
	return text
}

func (d *drawing) html() template.HTML { return template.HTML(d.String()) }

func (d *drawing) close() template.HTML {
	d.end("svg")
	return d.html()
}

// chart opens an SVG with a title and a description. id must be unique on the page.
func chart(id, class, title, description string, width any, height float64) *drawing {
	d := &drawing{}
	d.begin("svg", "class", class, "width", width, "height", height, "role", "img", "aria-labelledby", id+"-title "+id+"-desc")
	d.text("title", title, "id", id+"-title")
	d.text("desc", description, "id", id+"-desc")
	return d
}
