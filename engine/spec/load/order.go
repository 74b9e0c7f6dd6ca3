package load

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/spec"
)

// stanza is what an order list is checked against.
type stanza struct {
	entries []spec.String // their names, in order
	spread  bool          // the entries are in several files, so only a list can order them
}

func (r *reader) stanzaOf(fields []field, spread bool, path []cue.Selector) stanza {
	s := stanza{spread: spread}
	for _, f := range fields {
		inner := append(path[:len(path):len(path)], f.label)
		s.entries = append(s.entries, spec.String{Value: f.name(), Place: r.places.name(inner, f.value)})
	}
	return s
}

// needsList names the stanzas that must have a list if their entries are in several
// files. Others are sorted by name.
var needsList = []string{"fields", "tables"}

// order sorts the entries of stanzas by the lists in the stanza "order".
func (r *reader) order(root *spec.Node) {
	lists := root.Get("order")
	for _, name := range r.model.definition("#Order").fields.names() {
		s := r.stanzas[name]
		if list := lists.Get(name); list != nil {
			r.sortStanza(name, list, s, root.Get(name))
			continue
		}
		if s.spread && slices.Contains(needsList, name) && !r.stanzas["order"].has(name) {
			r.noOrder(name, s)
		}
	}
}

// sortStanza sorts the entries of a stanza by their list. Entries that are not
// listed come last, in the order that they have without a list.
func (r *reader) sortStanza(name string, list *spec.Node, s stanza, node *spec.Node) {
	path := []cue.Selector{cue.Str("order"), cue.Str(name)}
	position := map[string]int{}
	for i, item := range list.AsStrings() {
		at := append(path[:len(path):len(path)], cue.Index(i))
		if _, twice := position[item.Value]; twice {
			r.listedTwice(at, item, list.Items[position[item.Value]].Place)
			continue
		}
		position[item.Value] = i
		if !s.has(item.Value) {
			r.notInStanza(at, item, name, s, list)
		}
	}
	if node == nil {
		return
	}
	rank := func(f spec.Named) int {
		if i, listed := position[f.Name]; listed {
			return i
		}
		return len(list.Items)
	}
	slices.SortStableFunc(node.Fields, func(a, b spec.Named) int { return cmp.Compare(rank(a), rank(b)) })
}

func (s stanza) has(name string) bool {
	return slices.ContainsFunc(s.entries, func(e spec.String) bool { return e.Value == name })
}

func (s stanza) names() []string {
	var names []string
	for _, e := range s.entries {
		names = append(names, e.Value)
	}
	return names
}

func (r *reader) noOrder(name string, s stanza) {
	r.list.Errorf(s.entries[0].Place, "no-order", "the %s are in several files, and no list gives their order", name).
		WithHint("list all of them: order: %s: [%s]", name, quotedNames(s.names()))
}

func (r *reader) listedTwice(path []cue.Selector, item spec.String, first diag.Place) {
	r.fault(path, item.Place, "listed-twice", "%q is listed twice", item.Value).
		WithHint("remove one").
		Note("the first is at %s", first)
}

// notInStanza reports a name in a list that is not in the stanza.
func (r *reader) notInStanza(path []cue.Selector, item spec.String, name string, s stanza, list *spec.Node) {
	d := r.fault(path, item.Place, "unknown-name", "there is no %q in %s", item.Value, name)
	open := slices.DeleteFunc(s.names(), func(entry string) bool { // names in the list are not candidates
		return slices.ContainsFunc(list.Items, func(n *spec.Node) bool { return n.String == entry })
	})
	if near := diag.Guess(item.Value, open); near != "" {
		d.WithHint("did you mean %q?", near)
		return
	}
	d.WithHint("remove it from the list")
}

// quotedNames returns names as CUE strings, separated by commas; of more than seven,
// the first six.
func quotedNames(names []string) string {
	var parts []string
	for i, name := range names {
		if i == 6 && len(names) > 7 {
			parts = append(parts, "...")
			break
		}
		parts = append(parts, fmt.Sprintf("%q", name))
	}
	return strings.Join(parts, ", ")
}
