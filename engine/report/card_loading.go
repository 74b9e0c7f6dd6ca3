package report

import (
	"fmt"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
)

// cardLoading shows how the data is read. DIR stands for the release's folder.
func (r *Release) cardLoading(d *document) {
	files := r.data()
	if files == nil {
		return
	}
	path := pattern(files)
	read := map[string][2]string{
		"parquet": {`pd.read_parquet(%s)`, `read_parquet('%s')`},
		"jsonl":   {`pd.read_json(%s, lines=True)`, `read_json('%s')`},
		"csv":     {`pd.read_csv(%s)`, `read_csv('%s')`},
	}[files[0].Format]
	one := fmt.Sprintf(read[0], quote(path))
	if len(files) > 1 {
		one = "pd.concat([" + fmt.Sprintf(read[0], "f") + " for f in sorted(glob.glob(" + quote(path) + "))], ignore_index=True)"
		one = "import glob\n" + one
	}
	one, imports := strings.TrimPrefix(one, "import glob\n"), "import pandas as pd"
	if len(files) > 1 {
		imports = "import glob\n" + imports
	}
	d.line("## How to load it\n")
	d.line("In the folder of the release:\n")
	d.line("```python\n%s\n\npersonas = %s\n```\n", imports, one)
	column := "*"
	for _, c := range r.columns() {
		if len(c.Values) > 0 && c.Values[0].Target != nil && c.Type == frame.Category {
			column = c.name()
			break
		}
	}
	query := fmt.Sprintf("SELECT count(*) AS persons FROM "+read[1], path)
	if column != "*" {
		query = fmt.Sprintf("SELECT \"%s\", count(*) AS persons FROM "+read[1]+" GROUP BY 1 ORDER BY 2 DESC", column, path)
	}
	d.line("```python\nimport duckdb\n\nduckdb.sql(%s).show()\n```\n", pythonText(query))
	d.line("```python\nimport os\nfrom datasets import load_dataset\n\npersonas = load_dataset(os.path.abspath(\".\"), split=\"train\")\n```\n")
	if files[0].Format == "parquet" {
		d.line("Lists are lists in the Parquet and JSONL files. CSV cells hold lists as JSON, and a leading apostrophe where a spreadsheet would take the text for a formula.\n")
	}
}

// pythonText writes a text as a Python string.
func pythonText(s string) string {
	return "'''" + strings.ReplaceAll(s, `\`, `\\`) + "'''"
}

func (r *Release) cardRebuilding(d *document) {
	pop := &r.Population
	d.line("## How to rebuild it\n")
	d.line("The same specification, size and seed give the same bytes on any machine:\n")
	d.line("```sh\n%s\n```\n", r.Command)
	if r.Remark != "" {
		d.line("%s\n", r.Remark)
	}
	var rows [][]string
	rows = append(rows, []string{"specification", Escape(strings.TrimSpace(pop.Name + " " + pop.Version))})
	if r.Plan.Card.Repository != "" {
		rows = append(rows, []string{"kept at", "<" + r.Plan.Card.Repository + ">"})
	}
	rows = append(rows,
		[]string{"hash of its plan", "`" + pop.Plan + "`"},
		[]string{"hash of what decides the persons", "`" + pop.Structure + "`"},
		[]string{"size", humanize.Thousands(pop.Size)},
		[]string{"seed", fmt.Sprint(pop.Seed)},
		[]string{"program", Escape("personagen " + pop.Program)},
	)
	d.table([]string{"", ""}, rows)
	d.line("`personagen plan %s.cue --json` prints the plan with its hash; `personagen validate DIR` repeats the checks on the files. `manifest.json` has the hashes of the specification's own files.\n", pop.Name)
}
