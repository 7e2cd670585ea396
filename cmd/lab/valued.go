package main

import (
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/internal/strict"
)

// valued is a flag that knows values it can have. Shell completion offers them; scenarios
// is the value of --scenarios, since some of them are words of the scenarios.
type valued interface {
	cli.Flag
	values(scenarios string) []string
}

// choice is a flag that takes one of a few words. Its help, the check of what was given
// and the completion all follow from the one list.
type choice struct {
	*cli.StringFlag
	words []string
}

// newChoice makes f a choice. In its usage %s is replaced by the words.
func newChoice(f *cli.StringFlag, words []string) choice {
	f.Usage = strings.Replace(f.Usage, "%s", strings.Join(words, ", "), 1)
	f.Action = func(_ *cli.Context, given string) error { return oneOf("--"+f.Name, given, words) }
	return choice{f, words}
}

func (c choice) values(string) []string { return c.words }

// oneOf is an error if a flag has a value that is none of the words. Nothing given, as in
// LAB_OUTPUT=, is fine.
func oneOf(flag, given string, words []string) error {
	for _, word := range append([]string{""}, words...) {
		if given == word {
			return nil
		}
	}
	return usage("%s: %q is none of %s%s", flag, given, strings.Join(words, ", "), strict.Suggest(given, words))
}

// several is a flag that may be given several times, with values that are known.
type several struct {
	*cli.StringSliceFlag
	words func(scenarios string) []string
}

func (s several) values(scenarios string) []string { return s.words(scenarios) }

// withSuffix appends to each word what follows it in a value.
func withSuffix(words []string, suffix string) []string {
	var all []string
	for _, word := range words {
		all = append(all, word+suffix)
	}
	return all
}
