// Package guides holds what guides claim: one file of claims per guide. The guides
// themselves are elsewhere.
package guides

import "embed"

// FS is the claims files.
//
//go:embed *.yaml
var FS embed.FS
