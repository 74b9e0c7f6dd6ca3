package compare

import (
	"encoding/json"
	"io"
	"strings"
)

// names joins the names of the sets.
func (c *Comparison) names() string {
	var names []string
	for i := range c.Sets {
		names = append(names, c.Sets[i].Name)
	}
	if len(names) == 1 {
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// WriteJSON writes the comparison as one JSON document.
func (c *Comparison) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(c)
}
