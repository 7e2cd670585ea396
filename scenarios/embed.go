// Package scenarios is the catalogue: one folder per scenario.
package scenarios

import "embed"

// FS holds the catalogue.
//
//go:embed */*.*
var FS embed.FS

// Index is the catalogue in short, as scenario.MakeIndex makes it.
//
//go:embed index.tsv
var Index []byte
