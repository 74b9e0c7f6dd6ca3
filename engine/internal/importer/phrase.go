package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/office"
)

func (l *looker) name(i, j int) string { return quote(&l.Cube.Dims[i], j) }

// list names categories of an axis.
func (l *looker) list(i int, categories []int) string {
	d := &l.Cube.Dims[i]
	n := len(categories)
	switch {
	case n == 1:
		return quote(d, categories[0])
	case n <= 3:
		var names []string
		for _, j := range categories {
			names = append(names, quote(d, j))
		}
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return fmt.Sprintf("%d categories, %s to %s", n, quote(d, categories[0]), quote(d, categories[n-1]))
}

// flag writes a choice as the user would.
func (l *looker) flag(flag string, i, j int) string {
	d := &l.Cube.Dims[i]
	key := d.Categories[j].Key()
	if flag == "--drop" || len(key) > 40 {
		key = d.Categories[j].Name()
	}
	if at, ok := d.Find(key); (!ok || at != j) && flag == "--pick" {
		key = d.Categories[j].Key()
	}
	return flag + " " + shell(l.shortName(i)+"="+key)
}

func (l *looker) keepFlag(i int) string { return "--keep " + shell(l.shortName(i)) }

// shortName returns the shorter of a dimension's names that finds it.
func (l *looker) shortName(i int) string {
	d := &l.Cube.Dims[i]
	if d.ID != "" && (len(d.ID) < len(d.Label) || d.Label == "") && !strings.Contains(d.ID, "=") {
		return d.ID
	}
	name := d.Name()
	words := strings.Fields(name)
	for n := 1; n < len(words) && len(name) > 30; n++ {
		short := strings.TrimRight(strings.Join(words[:n], " "), ",;:")
		if at, ok := l.Cube.Find(short); ok && at == i && len(short) > 3 {
			return short
		}
	}
	return name
}

// shell quotes a word for a shell.
func shell(s string) string {
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-=.,:+@/") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Examples lists the first categories of a dimension.
func Examples(d *office.Dimension, n int) string {
	var names []string
	for j := range d.Categories[:min(n, len(d.Categories))] {
		k := &d.Categories[j]
		text := k.Name()
		if k.Code != "" && k.Code != text {
			text = k.Code + " " + text
		}
		names = append(names, text)
	}
	if more := len(d.Categories) - n; more > 0 {
		return strings.Join(names, ", ") + fmt.Sprintf(" and %s more", humanize.Thousands(int64(more)))
	}
	return strings.Join(names, ", ")
}

// without returns a list without some elements.
func without(list []int, x ...int) []int {
	return slices.DeleteFunc(slices.Clone(list), func(y int) bool { return slices.Contains(x, y) })
}

func quote(d *office.Dimension, j int) string {
	return fmt.Sprintf("%q", cmp.Or(d.Categories[j].Name(), d.Categories[j].Code))
}
