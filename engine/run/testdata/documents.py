"""Read the documents of a release with other tools: python documents.py DIR, or
"versions" to print which tools are installed. Prints one JSON document."""

import contextlib
import glob
import io
import json
import os
import re
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import cffconvert
import datasets
import duckdb
import mlcroissant
import pandas
import polars
import pyarrow.dataset
import yaml
from cffconvert.cli.create_citation import create_citation

if sys.argv[1] == "versions":
    print({m.__name__: getattr(m, "__version__", "") for m in (cffconvert, datasets, duckdb, mlcroissant, pandas)})
    sys.exit()

release = sys.argv[1]
os.chdir(release)
datasets.disable_progress_bars()
datasets.config.HF_DATASETS_CACHE = os.path.abspath("../hf-cache")
out = {}

card = open("README.md", encoding="utf-8").read()
front = yaml.safe_load(re.match(r"---\n(.*?)\n---\n", card, re.S).group(1))
out["front"] = {k: front.get(k) for k in ("language", "license", "pretty_name", "size_categories", "task_categories", "tags")}
out["features"] = [f["name"] for f in front["dataset_info"]["features"]]
from_front = datasets.Features._from_yaml_list(front["dataset_info"]["features"])

out["snippets"] = []
for code in re.findall(r"```python\n(.*?)```", card, re.S):
    scope, shown = {}, io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(code, scope)
    personas = scope.get("personas")
    if isinstance(personas, datasets.Dataset):
        assert personas.features == from_front, (personas.features, from_front)
        out["first"] = personas[0]
    out["snippets"].append(len(personas) if personas is not None else "persons" in shown.getvalue())

# Tools that read a whole folder, or a pattern.
out["folder"] = {}
if os.path.isdir("data"):
    out["folder"] = {
        "pyarrow": pyarrow.dataset.dataset("data").count_rows(),
        "duckdb": duckdb.sql("select count(*) from 'data/*.parquet'").fetchall()[0][0],
        "pandas": len(pandas.read_parquet("data")),
        "polars": polars.scan_parquet("data").collect().height,
        "datasets": len(datasets.load_dataset("parquet", data_dir=os.path.abspath("data"), split="train")),
    }

croissant = mlcroissant.Dataset("croissant.json")
issues = croissant.metadata.ctx.issues
out["croissant"] = {"errors": sorted(issues.errors), "warnings": sorted(issues.warnings), "rows": 0}
for record_set in croissant.metadata.record_sets:
    for record in croissant.records(record_set.uuid):
        if out["croissant"]["rows"] == 0:
            out["croissant"]["columns"] = sorted(k.split("/")[-1] for k in record)
        out["croissant"]["rows"] += 1

citation = create_citation("CITATION.cff", None)
citation.validate()
out["cff"] = citation.cffobj["title"] if hasattr(citation, "cffobj") else yaml.safe_load(open("CITATION.cff"))["title"]
out["apa"] = citation.as_apalike()
print(json.dumps(out, ensure_ascii=False, default=str))
