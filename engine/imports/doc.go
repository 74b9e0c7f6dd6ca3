// Package imports adds published tables and the records of surveys to a spec:
//
//   - Tables looks at tables as statistical offices publish them, and writes a stanza for
//     each.
//   - Microdata looks at the records of a survey, and writes the patterns that are worth
//     having.
//
// What a file contains is found out by engine/internal/importer and
// engine/internal/microdata, without a spec or a file system. This package reads the
// files and the spec, and changes it.
package imports
