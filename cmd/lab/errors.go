package main

import (
	"fmt"

	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/strict"
)

// errExit is an error with the exit code that it means. Errors without one are
// trouble with the environment.
type errExit struct {
	code int
	err  error // nil: everything has been said
}

func (e errExit) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e errExit) Unwrap() error { return e.err }

// usage is a mistake of whoever wrote the command, the scenario or the configuration.
func usage(format string, args ...any) error {
	return errExit{output.Usage, fmt.Errorf(format, args...)}
}

// instead is the end of an error about a word that is not known: what was meant, as
// far as that can be guessed, and where to look.
func instead(word string, known []string, otherwise string) string {
	if suggestion := strict.Suggest(word, known); suggestion != "" {
		return suggestion + " " + otherwise
	}
	return "; " + otherwise
}
