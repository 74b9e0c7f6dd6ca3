package run_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/report"
	"github.com/personagen/personagen/engine/run"
)

// fleet is a spec with everything that the documents describe: sources, statuses,
// conditions, joints, texts, lists, and labels with characters that Markdown uses.
const fleet = `
name: "fleet", title: "The \"grey\" fleet | all hands", description: "Sailors,\n\tinvented: all of them.", language: "en-GB", license: "CC-BY-4.0", version: "3.1"
limitations: ["No *captains*."]
population: {size: 1200, seed: 9, persons: 48000, where: service: >=1}
sources: {
	roll: {title: "Roll of the fleet (second ed.)", publisher: "Harbour & Sons", year: 1911, url: "https://example.org/roll (2)", license: "CC-BY-4.0"}
	hearsay: title: "What is told"
}
card: {
	intended_use: ["Tests of {things}."]
	authors: [{family: "Ahab", given: "A."}, {name: "Harbour office"}]
	contact: "mail@example.org", url: "https://example.org", doi: "10.1234/fleet", date: "2020-02-29", tags: ["sea", "personas"]
}
narrator: {banks: ["isle.txt"], forms: {by: "hue", values: ["red", "blue"]}}
fields: {
	id: kind: "id"
	hue: {kind: "category", title: "Hue | of the hat", values: ["red", "blue"]}
	deck: {kind: "category", status: "assumed", note: "from hearsay", source: "hearsay", values: ["main_deck", "<lower>", "crow's | nest"]}
	service: {kind: "integer", unit: "years", min: 0, max: 49}
	turns: {kind: "integer", min: 0, max: 49}
	inner: {kind: "group", hidden: true, of: "turns", cuts: [0, 25], labels: ["calm", "stormy"]}
	pay: {kind: "number", unit: "pence", when: hue: "red", normal: {mean: 100, sd: 5}, round: 1}
	likes: {kind: "list", values: {rum: 2, tea: 1, rain: 1}, count: {min: 0, max: 2}}
	tools: {kind: "text_list", items: {min: 1, max: 2}, chars: {min: 1, max: 40}, offline: parts: ["tool"]}
	tale: {kind: "text", about: "What happened", when: turns: >=5, chars: {min: 10, target: 60, max: 200}, offline: {parts: ["tale"], more: ["more"]}}
	by: kind: "text_source"
}
tables: {
	hue: {over: ["hue"], percent: {red: 60, blue: 40}, source: "roll", status: "official"}
	deck: {over: ["deck"], given: ["hue"], percent: {
		red: {main_deck: 50, "<lower>": 30, "crow's | nest": 20}
		blue: {main_deck: 20, "<lower>": 70, "crow's | nest": 10}
	}, source: "hearsay", status: "assumed"}
}
joints: [["hue", "service"]]
aliases: other: {id: "uuid", hue: "hat", tale: "story"}
aliases: listed: columns: [
	{column: "ship", value: "Pequod"},
	{column: "story", field: "tale"},
	{column: "hat", field: "hue", labels: {red: "1", blue: "2"}, type: "integer"},
	{column: "mood", field: "inner"},
	{column: "pay", field: "pay", type: "text"},
	{column: "likes", field: "likes", type: "json"},
	{column: "tools", field: "tools"},
	{column: "year", value: 1851},
	{column: "uuid", field: "id"},
]
`

func fleetSpec(t *testing.T) (spec, dir string) {
	t.Helper()
	_, dir = isleSpec(t)
	spec = filepath.Join(dir, "fleet.cue")
	if err := os.WriteFile(spec, []byte(fleet), 0o644); err != nil {
		t.Fatal(err)
	}
	return spec, dir
}

func statsOf(t *testing.T, written map[string]string) *report.Stats {
	t.Helper()
	var s report.Stats
	if err := json.Unmarshal([]byte(written[release.StatsFile]), &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

// cardTables returns the tables of a card by heading, or by the name in the summary
// of a details element. Cells are unescaped.
func cardTables(card string) map[string][][]string {
	tables := map[string][][]string{}
	heading := ""
	for line := range strings.SplitSeq(card, "\n") {
		switch {
		case strings.HasPrefix(line, "#"):
			heading = strings.TrimLeft(line, "# ")
		case strings.HasPrefix(line, "<details"):
			heading = regexp.MustCompile(`<code>(.*?)</code>|<summary>(\w+)`).FindString(line)
			heading = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(heading, "")
		case strings.HasPrefix(line, "|") && !strings.HasPrefix(line, "| ---"):
			inside := strings.TrimSuffix(strings.TrimPrefix(line, "| "), " |")
			inside = strings.ReplaceAll(inside, `\|`, "\x00")
			var cells []string
			for cell := range strings.SplitSeq(inside, " | ") {
				cell = regexp.MustCompile(`\\(.)`).ReplaceAllString(strings.ReplaceAll(cell, "\x00", "|"), "$1")
				cells = append(cells, strings.Trim(cell, "`"))
			}
			tables[heading] = append(tables[heading], cells)
		}
	}
	return tables
}

// figure reads a number as the card prints it.
func figure(t *testing.T, cell string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(strings.TrimSuffix(strings.ReplaceAll(cell, ",", ""), " %"), 64)
	if err != nil {
		t.Errorf("got %q, want a number", cell)
	}
	return x
}

// Every number on the card is in stats.json or in the manifest.
func TestCardAgreesWithTheStatistics(t *testing.T) {
	spec, dir := fleetSpec(t)
	s, err := run.Run(context.Background(), run.Config{Spec: spec, Out: filepath.Join(dir, "out")})
	if err != nil {
		t.Fatal(err)
	}
	written := files(t, s.Dir)
	stats, card := statsOf(t, written), written[release.CardFile]
	tables := cardTables(card)
	compareCell := func(what, cell string, want, tolerance float64) {
		t.Helper()
		if got := figure(t, cell); math.Abs(got-want) > tolerance {
			t.Errorf("%s: the card has %s, stats.json %v", what, cell, want)
		}
	}
	compared := 0
	for _, f := range stats.Fields {
		rows := tables[f.Name]
		if f.Hidden || len(f.Values) == 0 || f.Values[0].Target == nil || f.Type == "integer" {
			if rows != nil {
				t.Errorf("%s has a table on the card, want none", f.Name)
			}
			continue
		}
		if len(rows) != 1+len(f.Values) {
			t.Fatalf("%s: the card has %d rows, want %d and a heading", f.Name, len(rows), len(f.Values))
		}
		for i, v := range f.Values {
			row := rows[i+1]
			if row[0] != v.Label {
				t.Errorf("%s: got value %q, want %q", f.Name, row[0], v.Label)
			}
			compareCell(v.Label, row[1], float64(v.Count), 0)
			compareCell(v.Label, row[2], 100*v.Share, 0.005)
			compareCell(v.Label, row[3], 100**v.Target, 0.005)
			compareCell(v.Label, row[4], float64(v.Count)-*v.Target*float64(stats.Population.Rows), 0.005)
			compared++
		}
	}
	for _, x := range stats.Tables {
		title := map[string]string{"margin": "Margins", "joint": "Joint distributions that the specification names", "table": "Published tables"}[x.Origin]
		for _, row := range tables[title] {
			if row[0] == x.Name {
				compareCell(x.Name, row[1], float64(x.Numbers.Cells), 0)
				compareCell(x.Name, row[2], x.Numbers.Persons, 0.005)
				compareCell(x.Name, row[5], x.Test.P, 5e-5)
				compared++
			}
		}
	}
	for _, x := range stats.Texts.Fields {
		for _, row := range tables["Text fields"] {
			if row[0] == x.Field {
				compareCell(x.Field, row[1], float64(x.Written), 0)
				compareCell(x.Field, row[2], float64(x.Missing), 0)
				compareCell(x.Field, row[4], x.Chars.Mean, x.Chars.Mean/2000)
				compareCell(x.Field, row[6], x.Chars.P50, x.Chars.P50/2000)
				compared++
			}
		}
	}
	if compared != 5+6+2 { // values of two fields, four margins, a joint and a table, two texts
		t.Errorf("compared %d rows, want 13", compared)
	}
	var listed [][]string
	for _, f := range s.Manifest.Files {
		switch f.Name {
		case release.CardFile, release.CroissantFile, release.CitationFile: // these list the others with their hashes
		default:
			rows := ""
			if f.Rows > 0 {
				rows = "1,200"
			}
			listed = append(listed, []string{f.Name, rows, f.SHA256})
		}
	}
	var shown [][]string
	for _, row := range tables["Files"][1:] {
		shown = append(shown, []string{row[0], row[1], row[3]})
	}
	if d := cmp.Diff(listed, shown); d != "" {
		t.Error(d)
	}
	overview := map[string]string{}
	for _, row := range tables["Dataset overview"][1:] {
		overview[row[0]] = row[1]
	}
	want := map[string]string{
		"persons": "1,200", "columns": fmt.Sprint(len(s.Manifest.Columns)), "sampling": "quota, seed 9", "language": "en-GB", "licence": "CC-BY-4.0",
		"texts": stats.Texts.Headline, "specification": "fleet 3.1", "published": "2020-02-29", "contact": "mail@example.org",
		"target population": fmt.Sprintf("persons with `service: >=1`, %.2f %% of everyone in the tables", 100*stats.Population.Wanted),
		"checks":            stats.Checks.Summary(),
	}
	if d := cmp.Diff(want, overview); d != "" {
		t.Error(d)
	}
	for _, line := range []string{
		`pretty_name: "The \"grey\" fleet | all hands"`, "license: cc-by-4.0", "    num_examples: 1200", `- "1K<n<10K"`, "- \"en\"",
		"  - name: \"likes\"\n    sequence: string", "  - name: \"pay\"\n    dtype: float64", `    path: "data/train-*.parquet"`,
		`* No \*captains\*.`, "* Tests of {things}.", stats.Population.Plan, "author = {Ahab, A. and {Harbour office}}", "year = {2020}",
		"* No text is model-written", "pay` | float64 | ", "| `deck` | string | main\\_deck; \\<lower\\>; crow's \\| nest |",
	} {
		if !strings.Contains(card, line) {
			t.Errorf("the card lacks %s", line)
		}
	}
	if strings.Count(card, "\n## ") != 14 {
		t.Errorf("got %d sections, want 14", strings.Count(card, "\n## "))
	}
}

// A spec with only what is required gets a card without empty sections.
func TestCardOfAPlainSpec(t *testing.T) {
	spec, dir := crewSpec(t)
	s, err := run.Run(context.Background(), run.Config{Spec: spec, Out: filepath.Join(dir, "out")})
	if err != nil {
		t.Fatal(err)
	}
	card := files(t, s.Dir)[release.CardFile]
	for _, absent := range []string{"## Seed data", "## Text fields", "license", "language", "task_categories", "model-written", "\n\n\n", "NaN", "%!"} {
		if strings.Contains(card, absent) {
			t.Errorf("the card contains %q", absent)
		}
	}
	for _, present := range []string{"# crew\n", "## Intended use", "## Licence\n\nThe specification states none.", "Authors of the specification crew"} {
		if !strings.Contains(card, present) {
			t.Errorf("the card lacks %q", present)
		}
	}
}

// The command on a card makes the release again, byte for byte.
func TestCardTellsHowToRebuild(t *testing.T) {
	spec, dir := fleetSpec(t)
	seed := uint64(5)
	for name, cfg := range map[string]run.Config{
		"whole":       {},
		"seed":        {Seed: &seed, Size: 300, Formats: []string{"csv"}, Aliases: "other"},
		"limit":       {Limit: 70, Provider: run.NoTexts},
		"shard":       {Shard: release.Shard{Index: 2, Of: 3}, Sampling: check.Independent},
		"limit shard": {Limit: 100, Shard: release.Shard{Index: 1, Of: 3}, Formats: []string{"jsonl", "csv"}},
		"several":     {Size: 70000, RowsPerFile: 32768, Formats: []string{"parquet"}, Provider: run.NoTexts},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.Spec, cfg.Out = spec, filepath.Join(dir, "first")
			first, err := run.Run(context.Background(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			written := files(t, first.Dir)
			found := regexp.MustCompile("(?s)```sh\n(.*?)```").FindStringSubmatch(written[release.CardFile])
			again := run.Config{Spec: spec, Out: filepath.Join(dir, "again")}
			words := strings.Fields(strings.ReplaceAll(found[1], "\\\n", " "))
			if words[0] != "personagen" || words[1] != "run" || words[2] != "fleet.cue" {
				t.Fatalf("got command %v", words)
			}
			for i := 3; i < len(words); i += 2 {
				value := words[i+1]
				number, _ := strconv.ParseInt(value, 10, 64)
				switch words[i] {
				case "-n":
					again.Size = number
				case "--seed":
					n := uint64(number)
					again.Seed = &n
				case "--limit":
					again.Limit = number
				case "--shard":
					fmt.Sscanf(value, "%d/%d", &again.Shard.Index, &again.Shard.Of)
				case "--sampling":
					again.Sampling = value
				case "--format":
					again.Formats = strings.Split(value, ",")
				case "--rows-per-file":
					again.RowsPerFile = number
				case "--provider":
					again.Provider = value
				case "--aliases":
					again.Aliases = value
				case "-o":
				default:
					t.Errorf("unknown flag %s", words[i])
				}
			}
			second, err := run.Run(context.Background(), again)
			if err != nil {
				t.Fatal(err)
			}
			rebuilt := files(t, second.Dir)
			delete(written, release.ReportFile) // it states how long the run took
			delete(rebuilt, release.ReportFile)
			if d := cmp.Diff(written, rebuilt); d != "" {
				t.Error(d)
			}
		})
	}
}

// python returns the interpreter PERSONAGEN_PYTHON or python3.
func python() string {
	if path := os.Getenv("PERSONAGEN_PYTHON"); path != "" {
		return path
	}
	return "python3"
}

// lacking skips the test because a tool is not installed, or fails it if
// PERSONAGEN_REQUIRE_PEERS=1.
func lacking(t *testing.T, message string) {
	t.Helper()
	if os.Getenv("PERSONAGEN_REQUIRE_PEERS") == "1" {
		t.Fatal(message)
	}
	t.Skip(message)
}

// sampleModules are the modules that a code sample of the card needs, by a text that
// occurs in it.
var sampleModules = []struct{ text, modules string }{
	{"read_parquet(\"data\")", "pandas pyarrow"}, {"pd.read_", "pandas"}, {"import duckdb", "duckdb"}, {"from datasets", "datasets"},
}

// sampleQuery matches the SQL of a sample. It catches a broken query where DuckDB is
// not installed.
var sampleQuery = regexp.MustCompile(`'''SELECT "hue", count\(\*\) AS persons FROM read_(parquet|json|csv)\('(data|jsonl|csv)/train-\*\.\w+'\) GROUP BY 1 ORDER BY 2 DESC'''`)

// The code samples of the card parse and, where their modules are installed, give
// the data of the release. The sh sample is covered by TestCardTellsHowToRebuild.
func TestCardSamples(t *testing.T) {
	if out, err := exec.Command(python(), "--version").CombinedOutput(); err != nil {
		lacking(t, fmt.Sprintf("needs python3 to parse the code samples of the card: %v %s", err, out))
	}
	spec, dir := fleetSpec(t)
	for _, format := range []string{"parquet", "jsonl", "csv"} {
		s, err := run.Run(context.Background(), run.Config{Spec: spec, Out: filepath.Join(dir, format), Formats: []string{format}, Provider: run.NoTexts, Size: 200})
		if err != nil {
			t.Fatal(err)
		}
		samples := regexp.MustCompile("(?s)```python\n(.*?)```").FindAllStringSubmatch(files(t, s.Dir)[release.CardFile], -1)
		if len(samples) != 3 {
			t.Fatalf("%s: got %d code samples, want 3", format, len(samples))
		}
		for i, sample := range samples {
			code, modules := sample[1], ""
			for _, m := range sampleModules {
				if modules == "" && strings.Contains(code, m.text) {
					modules = m.modules
				}
			}
			t.Run(format+"/"+modules, func(t *testing.T) {
				pythonRun(t, s.Dir, "import ast, sys; ast.parse(sys.argv[1])", code)
				if modules == "duckdb" && !sampleQuery.MatchString(code) {
					t.Errorf("got SQL\n%swant it to match %s", code, sampleQuery)
				}
				for _, m := range strings.Fields(modules) {
					if err := exec.Command(python(), "-c", "import importlib.util as u, sys; sys.exit(u.find_spec(sys.argv[1]) is None)", m).Run(); err != nil {
						lacking(t, fmt.Sprintf("parsed, but not run: needs python3 with %s (pip install %s)", modules, modules))
					}
				}
				if i != 1 { // the second sample prints its result
					code += "print(len(personas), *sorted(set(personas[\"hue\"])))\n"
				}
				out := pythonRun(t, s.Dir, code)
				for _, want := range []string{"red", "blue"} {
					if !strings.Contains(out, want) {
						t.Errorf("got %q, want %s in it", out, want)
					}
				}
				if i != 1 && !strings.HasPrefix(out, "200 ") {
					t.Errorf("got %q, want 200 persons", out)
				}
			})
		}
	}
}

// pythonRun runs Python code in a folder, without network, and returns what it
// prints.
func pythonRun(t *testing.T, dir, code string, args ...string) string {
	t.Helper()
	cmd := exec.Command(python(), append([]string{"-c", code}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HF_HUB_OFFLINE=1", "HF_DATASETS_CACHE="+filepath.Join(t.TempDir(), "cache"), "PYTHONIOENCODING=utf-8")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, stderr.String(), code)
	}
	return string(out)
}

// Other tools read the documents and, through them, the data. PERSONAGEN_PYTHON
// names the interpreter. Without the tools the test is skipped, or fails when
// PERSONAGEN_REQUIRE_PEERS=1.
func TestOtherToolsReadTheDocuments(t *testing.T) {
	script, err := filepath.Abs(filepath.Join("testdata", "documents.py"))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(python(), script, "versions").CombinedOutput(); err != nil {
		lacking(t, "needs python3 with its packages datasets, duckdb, mlcroissant, cffconvert and pandas (pip install datasets duckdb mlcroissant cffconvert pandas)")
	} else {
		t.Logf("%s", out)
	}
	spec, dir := fleetSpec(t)
	for name, cfg := range map[string]run.Config{
		"parquet": {},
		"jsonl":   {Formats: []string{"jsonl"}, Aliases: "other"},
		"csv":     {Formats: []string{"csv"}, Provider: run.NoTexts},
		"listed":  {Aliases: "listed"},
		"several": {Size: 70000, RowsPerFile: 32768, Formats: []string{"parquet"}, Provider: run.NoTexts},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.Spec, cfg.Out = spec, filepath.Join(dir, name)
			s, err := run.Run(context.Background(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(python(), script, s.Dir)
			cmd.Env = append(os.Environ(), "HOME="+dir)
			var stderr strings.Builder
			cmd.Stderr = &stderr
			text, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, stderr.String())
			}
			var got struct {
				Features  []string
				Snippets  []any
				Croissant struct {
					Errors, Warnings, Columns []string
					Rows                      int64
				}
				CFF    string
				Folder map[string]int64
			}
			if err := json.Unmarshal(text, &got); err != nil {
				t.Fatal(err)
			}
			rows := s.Manifest.Rows
			if d := cmp.Diff(s.Manifest.Columns, got.Features); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff([]any{float64(rows), true, float64(rows)}, got.Snippets); d != "" {
				t.Error(d)
			}
			if len(got.Croissant.Errors) > 0 || len(got.Croissant.Warnings) > 0 || got.Croissant.Rows != rows || len(got.Croissant.Columns) != len(s.Manifest.Columns) {
				t.Errorf("%+v", got.Croissant)
			}
			folder := map[string]int64{}
			if cfg.Formats == nil || cfg.Formats[0] == "parquet" {
				folder = map[string]int64{"pyarrow": rows, "duckdb": rows, "pandas": rows, "polars": rows, "datasets": rows}
			}
			if d := cmp.Diff(folder, got.Folder); d != "" {
				t.Errorf("tools that read the folder data: %s", d)
			}
			if got.CFF != s.Manifest.Title {
				t.Errorf("CITATION.cff: got title %q", got.CFF)
			}
			if strings.Contains(stderr.String(), "malformed") || strings.Contains(stderr.String(), "not standard") {
				t.Error(stderr.String())
			}
		})
	}
}
