// Package table reads CSV files whose every cell knows its line and column.
package table

import "github.com/personagen/personagen/engine/diag"

// File is a CSV file in memory: a header and rows of equal length.
type File struct {
	Path   string // as shown in messages
	Header []string
	Rows   [][]string
	place  func(row, column int) diag.Place
	SHA256 string // of the file's bytes, in hex
}

// Place returns the place of a cell; row -1 is the header.
func (f *File) Place(row, column int) diag.Place { return f.place(row, column) }
