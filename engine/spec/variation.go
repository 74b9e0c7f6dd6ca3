package spec

import "github.com/personagen/personagen/engine/diag"

// Variation says how the requests about different persons differ.
type Variation struct {
	Place    diag.Place
	Examples int // of each call for a person; 0 for all
	Shares   []ModelShare
	Avoid    *Avoid // nil if not given
	Calls    []String
}

// ModelShare is how a model is asked about a share of the persons.
type ModelShare struct {
	Place       diag.Place
	Share       float64
	Model       string   // "" for that of the call
	Temperature *float64 // nil for that of the call
}

// Avoid says how phrases are collected that later texts are to avoid.
type Avoid struct {
	Place   diag.Place
	After   int64 // persons of the first window
	Most    int   // phrases
	AtLeast float64
	Fields  []String
}
