package kind

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// weightsOf returns the shares of a list as figures of a total.
func weightsOf(f *Field, config int, total float64) map[string]float64 {
	out := sharesOf(f, &f.Program.(*choice).bank, config)
	for k := range out {
		out[k] = math.Round(out[k]*total*1e4) / 1e4
	}
	return out
}

func TestRest(t *testing.T) {
	const head = "fields: {\n zone: {kind: \"category\", values: [\"North\", \"South\"]}\n sex: {kind: \"category\", values: [\"f\", \"m\"]}\n"
	for _, c := range []struct {
		name, stanza, csv string
		config            int
		total             float64
		want              map[string]float64
		remark            string
	}{
		{"not listed", `given: ["zone"], rest: {threshold: 10}`, "zone,name,n\nNorth,Ann,40\nNorth,Bea,60\nSouth,Ann,50\nSouth,Cem,60\n", 0, 105,
			map[string]float64{"Ann": 40, "Bea": 60, "Cem": 5}, "2 of 6 figures are not printed, because they are below 10: they are taken to be 10 (4.55 % of all), spread in proportion"},
		{"rare elsewhere", `given: ["zone"], rest: {threshold: 10}`, "zone,name,n\nNorth,Ann,40\nSouth,Ann,450\nSouth,Cem,10\n", 0, 40 + 15*40./500,
			map[string]float64{"Ann": 40, "Cem": 1.2}, "1 of 4"},
		{"even", `given: ["zone"], rest: {threshold: 10, spread: "even"}`, "zone,name,n\nNorth,Ann,40\nSouth,Ann,450\nSouth,Cem,10\n", 0, 45,
			map[string]float64{"Ann": 40, "Cem": 5}, "in equal parts"},
		{"missing figures", `given: ["zone"], rest: {threshold: 10, spread: "even"}`, "zone,name,n\nNorth,Ann,40\nNorth,Bea,x\nSouth,Ann,50\nSouth,Bea,x\n", 1, 55,
			map[string]float64{"Ann": 50, "Bea": 5}, "2 of 4"},
		{"zero is a figure", `given: ["zone"], rest: {threshold: 10}`, "zone,name,n\nNorth,Ann,40\nNorth,Bea,0\nSouth,Ann,50\nSouth,Bea,30\n", 0, 40,
			map[string]float64{"Ann": 40}, "0 of 4"},
		{"across one field", `given: ["zone", "sex"], rest: {threshold: 10, across: ["zone"], spread: "even"}`,
			"zone,sex,name,n\nNorth,f,Ann,40\nSouth,f,Ann,50\nSouth,f,Bea,50\nNorth,m,Cem,9999\nSouth,m,Cem,10\n", 0, 45,
			map[string]float64{"Ann": 40, "Bea": 5}, "1 of 6"},
		{"total", `given: ["zone"], rest: {threshold: 10, total: "All"}`, "zone,name,n\nNorth,All,109\nNorth,Ann,100\nSouth,All,200\nSouth,Ann,95\nSouth,Bea,65\nSouth,Cem,40\n", 0, 109,
			// Bea 70 and Cem 45 of 115, in proportion.
			map[string]float64{"Ann": 100, "Bea": round4(9 * 70 / 115.), "Cem": round4(9 * 45 / 115.)}, "taken to be 9"},
		{"total, one at the threshold", `given: ["zone"], rest: {threshold: 10, total: "All"}`, "zone,name,n\nNorth,All,115\nNorth,Ann,100\nSouth,All,200\nSouth,Ann,95\nSouth,Bea,90\nSouth,Cem,15\n", 0, 115,
			map[string]float64{"Ann": 100, "Bea": 10, "Cem": 5}, "as the totals leave"},
		{"more than the threshold allows", `given: ["zone"], rest: {threshold: 10, total: "All"}`, "zone,name,n\nNorth,All,160\nNorth,Ann,75\nNorth,Dan,25\nSouth,All,165\nSouth,Ann,90\nSouth,Dan,15\nSouth,Bea,60\n", 0, 160,
			map[string]float64{"Ann": 112.5, "Dan": 37.5, "Bea": 10}, "50 more that the totals leave are spread over the printed entries"},
		{"a label for what remains", `given: ["zone"], rest: {threshold: 10, total: "All", label: "another"}`, "zone,name,n\nNorth,All,160\nNorth,Ann,100\nSouth,All,150\nSouth,Ann,90\nSouth,Bea,60\n", 0, 160,
			map[string]float64{"Ann": 100, "Bea": 10, "another": 50}, `50 more that the totals leave are "another"`},
		{"a total only", `given: ["zone"], rest: {threshold: 10, total: "All"}`, "zone,name,n\nNorth,All,12\nSouth,All,150\nSouth,Ann,90\nSouth,Bea,60\n", 0, 12,
			map[string]float64{"Ann": round4(12 * 95 / 160.), "Bea": round4(12 * 65 / 160.)}, "2 of 4"},
		{"a total of one list", `rest: {threshold: 10, total: "All", label: "another"}`, "name,n\nAll,160\nAnn,100\n", 0, 160,
			map[string]float64{"Ann": 100, "another": 60}, "60 more"},
	} {
		t.Run(c.name, func(t *testing.T) {
			fields := must(t, head+" name: {kind: \"choice\", csv: {file: \"f.csv\", missing: [\"x\"]}, weight: \"n\", "+c.stanza+"}\n}", map[string]string{"f.csv": c.csv})
			f := fields[2]
			if d := cmp.Diff(c.want, weightsOf(f, c.config, c.total)); d != "" {
				t.Error(d)
			}
			if !strings.Contains(f.Rest, c.remark) {
				t.Errorf("got the remark %q, want one with %q", f.Rest, c.remark)
			}
		})
	}
}

func round4(x float64) float64 { return math.Round(x*1e4) / 1e4 }

func TestRestFaults(t *testing.T) {
	for _, c := range []struct{ stanza, csv, want string }{
		{`given: ["zone", "sex"], rest: {threshold: 10}`, "zone,sex,name,n\nNorth,f,Ann,40\n", `rest does not say which of them have the same entries | for example across: ["zone"]`},
		{`rest: {threshold: 10}`, "name,n\nAnn,40\n", "there is one list"},
		{`given: ["zone"], rest: {threshold: 10, label: "x"}`, "zone,name,n\nNorth,Ann,40\n", "only if rows give the totals"},
		{`given: ["zone"], rest: {threshold: 10, total: "All", label: "Ann"}`, "zone,name,n\nNorth,Ann,40\nNorth,All,50\n", `"Ann" is an entry of the file`},
		{`given: ["zone"], rest: {threshold: 10, total: "All"}`, "zone,name,n\nNorth,Ann,40\n", `no row of f.csv has the label "All"`},
		{`given: ["zone"], rest: {threshold: 10, total: "All"}`, "zone,name,n\nNorth,Ann,40\nNorth,All,30\n", "the figures for zone=North are 40, more than their total of 30"},
		{`given: ["zone"], rest: {threshold: 10, total: "All"}`, "zone,name,n\nNorth,Ann,40\nNorth,All,40\nSouth,Ann,40\n", "no row gives the total for zone=South"},
		{`given: ["zone"], rest: {threshold: 10, total: "All"}`, "zone,name,n\nNorth,Ann,40\nNorth,All,40\nNorth,All,41\n", "a list has two totals"},
		{`given: ["zone"], rest: {threshold: 10, total: "All"}`, "zone,name,n\nNorth,Ann,40\nNorth,All,many\n", `"many" is not a number`},
		{`given: ["zone"], any: "*", rest: {threshold: 10}`, "zone,name,n\nNorth,Ann,40\n", "any and rest exclude each other"},
		{`given: ["zone"], admit: sex: "sex", rest: {threshold: 10}`, "zone,sex,name,n\nNorth,,Ann,40\n", "admit and rest exclude each other"},
		{`given: ["zone"], rest: {threshold: 10, across: ["sex"]}`, "zone,name,n\nNorth,Ann,40\n", `"sex" is not a given field of "name"`},
		{`given: ["zone"], rest: {threshold: 10}`, "zone,name,n\nNorth,Ann,9\nSouth,Ann,20\n", "the figure is 9, and figures below 10 are said not to be printed"},
	} {
		c2, _ := compile(t, "fields: {\n zone: {kind: \"category\", values: [\"North\", \"South\"]}\n sex: {kind: \"category\", values: [\"f\", \"m\"]}\n name: {kind: \"choice\", csv: {file: \"f.csv\"}, weight: \"n\", "+c.stanza+"}\n}", map[string]string{"f.csv": c.csv})
		if got := show(c2.Diags); !strings.Contains(got, c.want) {
			t.Errorf("%s: got\n%s\nwant %s", c.stanza, got, c.want)
		}
	}
}
