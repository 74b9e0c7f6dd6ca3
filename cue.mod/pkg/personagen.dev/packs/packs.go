// Package packs embeds the packs: CUE packages of what the specs of countries share,
// such as the titles of international classifications. Specs import them under
// ImportPath. A pack is a folder here with the files of one CUE package; nothing else
// needs to know it.
package packs

import "embed"

// Files holds the .cue files of the packs, in a folder for each.
//
//go:embed */*.cue
var Files embed.FS

// ImportPath is the path under which specs import a pack, followed by a slash and
// its name.
const ImportPath = "personagen.dev/packs"
