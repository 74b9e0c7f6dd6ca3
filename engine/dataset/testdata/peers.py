"""Reads a data file with pyarrow, pandas, duckdb or polars and prints its rows
as JSON lines, so that the Go test can compare them with what it wrote.

usage: peers.py TOOL FILE      TOOL: versions, pyarrow, pandas, duckdb, polars
       peers.py duckdb-filter FILE COLUMN VALUE   (also pyarrow-, polars-)
       peers.py calc FILE             a CSV file by way of LibreOffice Calc and openpyxl
       peers.py TOOL-write FILE FROM      reads FROM and writes FILE as Parquet
"""

import datetime
import json
import math
import sys


def plain(v):
    """The value as plain JSON, numbers in full."""
    if v is None or v.__class__.__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(v, float):
        return None if math.isnan(v) else v
    if hasattr(v, "tolist"):
        return plain(v.tolist())
    if isinstance(v, (list, tuple)):
        return [plain(x) for x in v]
    if isinstance(v, dict):
        return {name: plain(x) for name, x in v.items()}
    if isinstance(v, datetime.date):
        return v.isoformat()
    return v


def emit(columns, rows):
    print(json.dumps(columns))
    for row in rows:
        print(json.dumps([plain(v) for v in row]))


def emit_arrow(table):
    emit(table.column_names, zip(*(c.to_pylist() for c in table.columns)))


def read_pyarrow(path):
    import pyarrow.csv
    import pyarrow.json
    import pyarrow.parquet

    if path.endswith(".parquet"):
        return pyarrow.parquet.read_table(path)
    if path.endswith(".jsonl"):
        return pyarrow.json.read_json(path, pyarrow.json.ReadOptions(block_size=1 << 26))
    return pyarrow.csv.read_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(block_size=1 << 26),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )


def read_pandas(path):
    import pandas

    if path.endswith(".parquet"):
        return pandas.read_parquet(path)
    if path.endswith(".jsonl"):
        return pandas.read_json(path, lines=True, precise_float=True, convert_dates=False)
    return pandas.read_csv(path, keep_default_na=False, na_values=[""], float_precision="round_trip")


def read_polars(path):
    import polars

    if path.endswith(".parquet"):
        return polars.read_parquet(path)
    if path.endswith(".jsonl"):
        return polars.read_ndjson(path, infer_schema_length=None)
    return polars.read_csv(path, infer_schema_length=None)


def duckdb_source(path):
    if path.endswith(".parquet"):
        return f"read_parquet('{path}')"
    if path.endswith(".jsonl"):
        return f"read_json('{path}', format = 'newline_delimited', maximum_object_size = 67108864)"
    return f"read_csv('{path}', header = true, delim = ',', quote = '\"', escape = '\"', nullstr = '', " \
           "allow_quoted_nulls = false, sample_size = -1, max_line_size = 67108864)"


def calc(path):
    """The cells of a CSV file that LibreOffice Calc opened and saved as xlsx."""
    import os
    import subprocess
    import tempfile

    import openpyxl

    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile", "--convert-to", "xlsx",
             # comma, double quote, UTF-8, from line 1, no formats of columns, English (USA)
             "--infilter=CSV:44,34,76,1,,1033", "--outdir", folder, path],
            check=True, stdout=subprocess.DEVNULL, timeout=240,
        )
        name = os.path.splitext(os.path.basename(path))[0] + ".xlsx"
        sheet = openpyxl.load_workbook(os.path.join(folder, name)).active
        return list(sheet.iter_rows(values_only=True))


def main(tool, path, *rest):
    if tool == "versions":
        import duckdb, pandas, polars, pyarrow

        for m in (duckdb, pandas, polars, pyarrow):
            print(m.__name__, m.__version__)
    elif tool == "calc-versions":
        import subprocess

        import openpyxl

        print(subprocess.run(["soffice", "--version"], check=True, capture_output=True, text=True).stdout.strip())
        print("openpyxl", openpyxl.__version__)
    elif tool == "calc":
        rows = calc(path)
        emit(rows[0], rows[1:])
    elif tool == "pyarrow":
        emit_arrow(read_pyarrow(path))
    elif tool == "pandas":
        f = read_pandas(path)
        emit(list(f.columns), f.astype(object).itertuples(index=False, name=None))
    elif tool == "polars":
        f = read_polars(path)
        emit(f.columns, f.iter_rows())
    elif tool == "duckdb":
        import duckdb

        r = duckdb.sql(f"select * from {duckdb_source(path)}")
        emit(r.columns, r.fetchall())
    elif tool == "duckdb-filter":
        import duckdb

        n = duckdb.execute(f'select count(*) from {duckdb_source(path)} where "{rest[0]}" = ?', [rest[1]])
        print(n.fetchone()[0])
    elif tool == "pyarrow-filter":
        import pyarrow.parquet

        print(pyarrow.parquet.read_table(path, filters=[(rest[0], "=", rest[1])]).num_rows)
    elif tool == "polars-filter":
        import polars

        print(polars.scan_parquet(path).filter(polars.col(rest[0]) == rest[1]).collect().height)
    elif tool == "pyarrow-write":
        import pyarrow.parquet

        pyarrow.parquet.write_table(read_pyarrow(rest[0]), path, use_dictionary=["hue"])
    elif tool == "pandas-write":
        f = read_pandas(rest[0])
        f["hue"] = f["hue"].astype("category")
        f.to_parquet(path)
    elif tool == "polars-write":
        read_polars(rest[0]).write_parquet(path)
    elif tool == "duckdb-write":
        import duckdb

        duckdb.execute(f"copy (select * from {duckdb_source(rest[0])}) to '{path}' (format parquet)")
    else:
        sys.exit(f"unknown tool {tool}")


main(*sys.argv[1:])
