// Package schemas embeds the CUE schema of specifications, which alone defines what
// a spec may contain, and the JSON Schemas of the documents of a release.
package schemas

import "embed"

// Files holds the .cue files of the schema, the CUE package ImportPath.
//
//go:embed *.cue
var Files embed.FS

// Stats is the JSON Schema of a release's stats.json, Manifest that of its
// manifest.json. The tests of engine/run write them from the Go types.
var (
	//go:embed stats.schema.json
	Stats []byte
	//go:embed manifest.schema.json
	Manifest []byte
)

// ImportPath is the path under which specs import the schema.
const ImportPath = "personagen.dev/schemas"
