// Package schemas embeds the CUE schema of specifications, which is the single
// source of truth for what a spec may say.
package schemas

import "embed"

// Files holds the schema's .cue files; as a CUE package its path is
// personagen.dev/schemas.
//
//go:embed *.cue
var Files embed.FS

// ImportPath is the path by which specs import the schema.
const ImportPath = "personagen.dev/schemas"
