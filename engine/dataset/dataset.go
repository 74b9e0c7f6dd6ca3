// Package dataset reads and writes data files in Parquet, JSONL and CSV, from and
// to batches of columns (frame.Batch).
//
// Writing uses every processor and gives the same bytes with any number of
// workers: each worker encodes a chunk of consecutive rows into its own Part, and
// one goroutine appends the finished parts in the order of the rows. A chunk
// becomes a row group in Parquet and plain bytes in the text formats.
//
//	w, err := dataset.Create("parquet", path, schema, dataset.Options{})
//	defer w.Abort()                 // removes an incomplete file; does nothing after Close
//	part := w.NewPart()             // one per worker, reused for every chunk
//	for each chunk {
//		part.Write(batch) …     // in the worker, several batches
//		part.Finish()           // in the worker
//		w.Append(part)          // in order, by one goroutine
//	}
//	err = w.Close()
//
// The file is written under the given path. A caller that wants it to appear only
// when it is complete writes it under a temporary name and renames it.
package dataset

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/frame"
)

// ChunkRows is the recommended number of rows of a chunk when no column has long
// texts. A part keeps its chunk in memory until the chunks before it are written:
// with 45 columns about 45 MB as JSONL, 25 MB as CSV and 15 MB as a Parquet row
// group. Row groups four times as large make the file 1 % smaller.
const ChunkRows = 1 << 15

// ChunkBytes is the recommended size of a chunk with long texts, in bytes before
// encoding; see Part.Size.
const ChunkBytes = 64 << 20

// RowsPerChunk returns the recommended number of rows of a chunk when a row has
// textBytes bytes of text in all columns together: ChunkRows, or as many as fit in
// ChunkBytes, but at least 1024.
func RowsPerChunk(textBytes int) int {
	if textBytes <= 0 {
		return ChunkRows
	}
	return max(1024, min(ChunkRows, ChunkBytes/textBytes))
}

// KeyValue is one entry of a file's metadata.
type KeyValue struct{ Key, Value string }

// FieldsKey is the metadata key under which CreateParquet stores the frame.Schema
// as JSON: types, labels, titles, descriptions and units.
const FieldsKey = "personagen.fields"

// Options are options of Create. The zero value is the default.
type Options struct {
	// Metadata is stored in a Parquet file, in this order. The text formats have
	// no place for it. The writer adds FieldsKey.
	Metadata []KeyValue
	// Level is the ZSTD compression level of a Parquet file, from 1 (fastest) to 4
	// (smallest); 0 means 1.
	Level int
	// Version is that of the program, for a Parquet file.
	Version string
	// Copy also gets the bytes of the file, as they are written; nil for nothing. Its
	// hash is that of what should be on the disk.
	Copy io.Writer
}

// A Writer writes one data file, part by part.
type Writer interface {
	// NewPart returns an empty part of this file. It is safe for concurrent use.
	NewPart() Part
	// Append writes the rows of the part after those already written and empties
	// the part. One goroutine calls it, in the order of the rows.
	Append(p Part) error
	// Close completes the file and syncs it to the disk.
	Close() error
	// Abort closes and removes the file, unless Close has completed it.
	Abort() error
}

// A Part encodes the rows of one chunk. Different parts may be used by different
// goroutines at the same time.
type Part interface {
	// Write encodes the rows of a batch with the schema of the file. If the batch
	// is invalid (columns of unequal length, a code without a label, a null in a
	// column that is not nullable, NaN), Write returns an error and encodes
	// nothing.
	Write(b *frame.Batch) error
	// Finish encodes what is still buffered. Without it Append does so, in the
	// goroutine that all parts share.
	Finish() error
	// Rows returns the number of rows in the part.
	Rows() int
	// Size returns the size of these rows in bytes before encoding: 8 for a number,
	// 4 for a category, and the length of a text.
	Size() int64
	// Reset empties the part.
	Reset()
}

// Format is one of the file formats of a release.
type Format struct {
	Name      string // "parquet", "jsonl", "csv"
	Extension string // with the dot
}

var formats = []Format{{"parquet", ".parquet"}, {"jsonl", ".jsonl"}, {"csv", ".csv"}}

// Formats returns the formats, the primary one first.
func Formats() []Format { return slices.Clone(formats) }

// FormatNames returns the names of the formats, in the same order.
func FormatNames() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.Name)
	}
	return names
}

// FormatOf returns the format with the given name.
func FormatOf(name string) (Format, error) {
	for _, f := range formats {
		if f.Name == name {
			return f, nil
		}
	}
	return Format{}, fmt.Errorf("unknown format %q: use parquet, jsonl or csv", name)
}

// FormatOfPath returns the format that goes with the extension of a path. The
// extension .ndjson means JSONL.
func FormatOfPath(path string) (Format, error) {
	ext := strings.ToLower(filepath.Ext(path))
	if ext == ".ndjson" {
		ext = ".jsonl"
	}
	for _, f := range formats {
		if f.Extension == ext {
			return f, nil
		}
	}
	return Format{}, fmt.Errorf("%s: cannot tell the format from the name: it must end in .parquet, .jsonl or .csv", path)
}

// Create starts a data file of the named format at path. It replaces an existing
// file.
func Create(format, path string, s frame.Schema, o Options) (Writer, error) {
	switch format {
	case "parquet":
		return CreateParquet(path, s, o)
	case "jsonl":
		return createText(path, s, o, newJSONEncoder)
	case "csv":
		return createText(path, s, o, newCSVEncoder)
	}
	_, err := FormatOf(format)
	return nil, err
}
