package importer

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/office"
)

// noCount returns the word that says that the figures are no counts, "" if none does.
func (l *looker) noCount() string {
	for _, text := range l.texts() {
		if word := mentions("nocount", text); word != "" {
			return word
		}
	}
	return ""
}

// money returns the word that says that the figures are amounts of money, "" if none
// does. Titles are not asked, because persons may be counted by income.
func (l *looker) money() string {
	for n, text := range l.texts() {
		if n == 0 && text == l.Cube.Title {
			text = strings.ReplaceAll(text, ",", " ")
			if !strings.Contains(plain(text), "gross domestic product") {
				continue
			}
		}
		if word := mentions("money", text); word != "" {
			return word
		}
	}
	return ""
}

// texts are the texts that say what the figures are.
func (l *looker) texts() []string {
	texts := []string{l.Cube.Title, l.Cube.Unit, l.Cube.Figures}
	for i := range l.Axes {
		if a := &l.Axes[i]; a.Fixed >= 0 && (a.About == Metrics || a.About == Units) {
			k := &l.Cube.Dims[i].Categories[a.Fixed]
			if a.About == Metrics {
				texts = []string{k.Unit} // the contents say more than the title of all
			}
			return append(texts, k.Label, k.Code)
		}
	}
	return texts
}

// measure says what the figures are, and refuses those of which no table can be made.
func (l *looker) measure() {
	for i := range l.Axes {
		if a := &l.Axes[i]; a.About == Metrics && a.Fixed >= 0 && len(a.Keep) > 1 && l.Cube.Dims[i].Categories[a.Fixed].Label == "" {
			l.Notes = append(l.Notes, fmt.Sprintf("the file does not say what %s is; look it up before you use it", l.name(i, a.Fixed)))
		}
	}
	if l.choices.Measure != "" {
		l.Measure = l.choices.Measure
		if l.Measure != "counts" {
			l.hundred()
		}
	}
	for _, q := range l.Open {
		if q.Axis >= 0 && (l.Axes[q.Axis].About == Metrics || l.Axes[q.Axis].About == Units) {
			return // first it has to be known which figures are read
		}
	}
	negative, positive := false, false
	l.eachKept(func(c *office.Cell) {
		negative, positive = negative || c.Number < 0, positive || c.Number > 0
	})
	switch {
	case negative:
		l.Measure = ""
		l.ask(-1, "some figures are negative, so they are neither counts nor shares")
		return
	case !positive:
		l.Measure = ""
		l.ask(-1, "no figure is above 0, so there is no distribution to take")
		return
	}
	if l.choices.Measure != "" || l.proven {
		return
	}
	if word := l.noCount(); word != "" {
		l.Measure = ""
		l.ask(-1, fmt.Sprintf("the figures are no counts (%q), and a table needs counts, percent or shares; means and medians belong to a number field (personagen explain statistic)", word), "--measure counts")
		return
	}
	if word := l.money(); word != "" {
		l.Measure = ""
		l.ask(-1, fmt.Sprintf("the figures are amounts of money (%q), and a table needs counts, percent or shares of persons", word), "--measure counts")
		return
	}
	percent, about := false, l.texts()
	for _, text := range about {
		percent = percent || mentions("percent", text) != ""
	}
	if (percent || l.unit < 1) && l.hundred() {
		l.Measure = "percent"
		return
	}
	for i := range l.Axes {
		if f := l.Axes[i].Fixed; f >= 0 {
			about = append(about, l.Cube.Dims[i].Categories[f].Name())
		}
	}
	thousand := l.multiplier() > 0 || slices.ContainsFunc(append(about, l.Cube.Notes...), func(t string) bool { return mentions("thousand", t) != "" })
	switch {
	case percent:
		l.Measure = ""
		l.ask(-1, "the figures are percentages and add up to 100 over no dimension", "--measure percent", "--measure counts")
	case l.unit < 1 && !thousand:
		l.Measure = ""
		l.ask(-1, "the figures have decimal places, and nothing shows that they are counts", "--measure counts")
	}
}

// hundred finds the dimensions over which the figures add up to 100.
func (l *looker) hundred() bool {
	var free []int
	for i := range l.Axes {
		if l.Axes[i].Fixed < 0 && l.Axes[i].About != Periods {
			free = append(free, i)
		}
	}
	tries := [][]int{}
	for _, i := range free {
		tries = append(tries, []int{i})
	}
	if len(free) > 1 {
		tries = append(tries, free)
	}
	for _, axes := range tries {
		sum, n := map[int64]float64{}, map[int64]int{}
		for k := range l.grid.cube.Cells {
			c := &l.grid.cube.Cells[k]
			base, kept := c.At, true
			for _, i := range axes {
				j := l.grid.category(c.At, i)
				kept = kept && l.Axes[i].Keep[j]
				base -= int64(j) * l.grid.stride[i]
			}
			if kept && c.Status == office.Value {
				sum[base] += c.Number
				n[base]++
			}
		}
		good := 0
		for b, s := range sum {
			if n[b] > 1 && math.Abs(s-100) <= l.unit*0.5*float64(n[b])+1e-6 {
				good++
			}
		}
		if good > 0 && good*50 >= len(sum)*49 {
			l.Over = axes
			for _, i := range axes {
				l.Axes[i].Proof = fmt.Sprintf("adds up to 100 in %s of %s", humanize.Thousands(int64(good)), humanize.Count(len(sum), "row", "rows"))
			}
			return true
		}
	}
	return false
}
