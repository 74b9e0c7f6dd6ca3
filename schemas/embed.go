// Package schemas embeds the CUE schema of specifications, which is the single
// source of truth for what a spec may say, and the JSON Schemas of the
// documents of a release.
package schemas

import "embed"

// Files holds the schema's .cue files; as a CUE package its path is
// personagen.dev/schemas.
//
//go:embed *.cue
var Files embed.FS

// Stats is the JSON Schema of a release's stats.json, Manifest that of its
// manifest.json. They are written from the Go types by the tests of engine/run.
var (
	//go:embed stats.schema.json
	Stats []byte
	//go:embed manifest.schema.json
	Manifest []byte
)

// ImportPath is the path by which specs import the schema.
const ImportPath = "personagen.dev/schemas"
