package office

import (
	"encoding/json"
	"strings"
)

// pxWeb is the JSON of version 1 of PxWeb's API.
type pxWeb struct {
	Columns []struct {
		Code, Text, Type, Comment, Unit string
	}
	Comments []struct{ Variable, Value, Comment string }
	Data     []struct{ Key, Values []string }
	Metadata []struct{ Label, Source, Updated, Infofile string }
}

// isPxWeb reports whether an object has the members of pxWeb.
func isPxWeb(top map[string]json.RawMessage) bool { return top["columns"] != nil && top["data"] != nil }

// readPxWeb reads the JSON of PxWeb: rows with a key of codes and a figure for each
// content. The columns of type "c" are contents, the one of type "t" is the time.
func readPxWeb(text string) (*Cube, error) {
	var in pxWeb
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		return nil, jsonFault(text, err)
	}
	c := &Cube{Format: "PxWeb JSON", Decimals: -1}
	if len(in.Metadata) > 0 {
		m := in.Metadata[0]
		c.Title, c.Publisher, c.Updated, c.ID = m.Label, m.Source, m.Updated, m.Infofile
		if c.ID == "None" {
			c.ID = ""
		}
	}
	metric := Dimension{ID: "contents", Role: Metric, Total: -1}
	for _, k := range in.Columns {
		switch strings.ToLower(k.Type) {
		case "c":
			metric.Categories = append(metric.Categories, Category{Code: k.Code, Label: k.Text, Parent: -1, Decimals: -1, Unit: k.Unit})
		default:
			d := Dimension{ID: k.Code, Label: k.Text, Total: -1}
			if strings.EqualFold(k.Type, "t") {
				d.Role = Time
			}
			c.Dims = append(c.Dims, d)
		}
	}
	keys := len(c.Dims)
	if keys == 0 || len(metric.Categories) == 0 {
		return nil, faultf(0, 0, "the columns are not those of a table: some of type \"d\" or \"t\", and some of type \"c\"")
	}
	for _, n := range in.Comments {
		c.AddNote(strings.TrimSpace(n.Variable + " " + n.Value + ": " + n.Comment))
	}
	c.Dims = append(c.Dims, metric)
	b := NewBuilder(c)
	at := make([]int, keys+1)
	for n, row := range in.Data {
		if len(row.Key) != keys || len(row.Values) != len(metric.Categories) {
			return nil, faultf(0, 0, "row %d has %d keys and %d values, but there are %d dimensions and %d contents", n+1, len(row.Key), len(row.Values), keys, len(metric.Categories))
		}
		for i, code := range row.Key {
			var err error
			if at[i], err = b.category(i, strings.TrimSpace(code), ""); err != nil {
				return nil, err
			}
		}
		for j, text := range row.Values {
			if len(c.Cells) == maxCells {
				return nil, faultf(0, 0, "there are more than %d figures", maxCells)
			}
			at[keys] = j
			cell := Cell{}
			if x, ok := parseFigure(strings.TrimSpace(text)); ok {
				cell.Number = x
			} else {
				cell.Symbol, cell.Status = tidy(text), SymbolStatus(text)
				if cell.Symbol == "-" {
					cell.Status = Zero
				}
			}
			b.Add(cell, at)
		}
	}
	return c, b.Finish()
}
