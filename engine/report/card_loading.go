package report

import (
	"fmt"
	"path"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
)

// cardLoading writes examples that load the data with pandas, DuckDB and datasets,
// to be run in the folder of the release.
func (r *Release) cardLoading(d *document) {
	files := r.data()
	if files == nil {
		return
	}
	format := files[0].Format
	d.line("## How to load it\n")
	d.line("Run these in the folder of the release:\n")
	d.line("```python\n%s\n```\n", pandasExample(files))
	d.line("```python\nimport duckdb\n\nduckdb.sql(%s).show()\n```\n", pythonText(r.exampleQuery(fmt.Sprintf(readers[format].sql, pattern(files)))))
	d.line("```python\nimport os\nfrom datasets import load_dataset\n\npersonas = load_dataset(os.path.abspath(\".\"), split=\"train\")\n```\n")
	if format == "parquet" {
		d.line("The folder `%s` has the Parquet files only, so tools that read a whole folder read each person once: `spark.read.parquet(\"%[1]s\")`, `pyarrow.dataset.dataset(\"%[1]s\")`.\n", path.Dir(files[0].Name))
		d.line("Parquet and JSONL files hold lists as such. CSV files hold them as JSON, and put an apostrophe before a text that a spreadsheet would take for a formula.\n")
	}
}

// readers are the calls that read a data file in pandas and in DuckDB, by format.
var readers = map[string]struct{ pandas, sql string }{
	"parquet": {"pd.read_parquet(%s)", "read_parquet('%s')"},
	"jsonl":   {"pd.read_json(%s, lines=True)", "read_json('%s')"},
	"csv":     {"pd.read_csv(%s)", "read_csv('%s')"},
}

// pandasExample returns Python code that reads the files into one data frame. Parquet
// files are read by their folder; other formats have one file.
func pandasExample(files []File) string {
	from := files[0].Name
	if files[0].Format == "parquet" {
		from = path.Dir(from)
	}
	return "import pandas as pd\n\npersonas = " + fmt.Sprintf(readers[files[0].Format].pandas, quote(from))
}

// exampleQuery returns SQL that counts the persons of a table, by the first
// column of categories that has a target.
func (r *Release) exampleQuery(table string) string {
	for _, c := range r.columns() {
		if len(c.Values) > 0 && c.Values[0].Target != nil && c.Type == frame.Category {
			name := `"` + strings.ReplaceAll(c.name(), `"`, `""`) + `"`
			return "SELECT " + name + ", count(*) AS persons FROM " + table + " GROUP BY 1 ORDER BY 2 DESC"
		}
	}
	return "SELECT count(*) AS persons FROM " + table
}

// pythonText formats a text as a Python string.
func pythonText(s string) string {
	return "'''" + strings.ReplaceAll(s, `\`, `\\`) + "'''"
}

func (r *Release) cardRebuilding(d *document) {
	pop := &r.Population
	d.line("## How to rebuild it\n")
	d.line("The same specification, size and seed give the same bytes on every machine:\n")
	d.line("```sh\n%s\n```\n", r.Command)
	if r.Remark != "" {
		d.line("%s\n", r.Remark)
	}
	var rows [][]string
	rows = append(rows, []string{"specification", Escape(strings.TrimSpace(pop.Name + " " + pop.Version))})
	if r.Plan.Card.Repository != "" {
		rows = append(rows, []string{"repository", "<" + r.Plan.Card.Repository + ">"})
	}
	rows = append(rows,
		[]string{"hash of the plan", "`" + pop.Plan + "`"},
		[]string{"hash of the structure", "`" + pop.Structure + "`"},
		[]string{"size", humanize.Thousands(pop.Size)},
		[]string{"seed", fmt.Sprint(pop.Seed)},
		[]string{"program", Escape("personagen " + pop.Program)},
	)
	d.table([]string{"", ""}, rows)
	d.line("The hash of the structure covers what decides the persons and leaves out titles and notes. `personagen plan %s.cue --json` prints the plan and its hashes, `personagen validate DIR` repeats the checks on the files, and `manifest.json` has the hashes of the specification's files.\n", pop.Name)
}
