package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/scenario"
)

// selection says which scenarios of a catalogue are meant.
type selection struct{ ids, tags, skip []string }

// from returns the scenarios that are meant, in the catalogue's order.
func (s selection) from(c catalogue) ([]scenario.Scenario, error) {
	meant, err := s.entries(c)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(c.scenarios), func(one scenario.Scenario) bool {
		return !slices.ContainsFunc(meant, func(e scenario.Entry) bool { return e.ID == one.ID })
	}), nil
}

// entries is from for the scenarios in short. A word that selects nothing is an error:
// it would silently run less, or more, than was meant.
func (s selection) entries(c catalogue) ([]scenario.Entry, error) {
	if len(c.mistakes) > 0 {
		if err := s.touches(c); err != nil {
			return nil, err
		}
	}
	var ids, tags []string
	for _, one := range c.entries {
		ids = append(ids, one.ID)
		tags = append(tags, one.Tags...)
	}
	for _, check := range []struct {
		what         string
		words, known []string
	}{
		{"scenario", s.ids, ids}, {"tag", s.tags, tags}, {"scenario or tag to skip", s.skip, append(slices.Clone(ids), tags...)},
	} {
		for _, word := range check.words {
			if !slices.Contains(check.known, word) {
				return nil, usage("no %s %q%s", check.what, word, instead(word, check.known, "`lab list` shows what there is"))
			}
		}
	}
	var selected []scenario.Entry
	for _, one := range c.entries {
		has := func(tag string) bool { return slices.Contains(one.Tags, tag) }
		if (len(s.ids) == 0 || slices.Contains(s.ids, one.ID)) &&
			(len(s.tags) == 0 || slices.ContainsFunc(s.tags, has)) &&
			!slices.Contains(s.skip, one.ID) && !slices.ContainsFunc(s.skip, has) {
			selected = append(selected, one)
		}
	}
	if len(selected) == 0 {
		return nil, errExit{output.Usage, errors.New("no scenario is left by what was selected: `lab list` shows their tags")}
	}
	return selected, nil
}

// touches is an error if the catalogue's mistakes are in what is meant: everything,
// unless ids are given.
func (s selection) touches(c catalogue) error {
	wrong := catalogue{dir: c.dir, single: c.single}
	for _, m := range c.mistakes {
		id, _, _ := strings.Cut(m.File, "/")
		if len(s.ids) == 0 || slices.Contains(s.ids, id) {
			wrong.mistakes = append(wrong.mistakes, m)
		}
	}
	if len(wrong.mistakes) > 0 {
		return wrong.refused(fmt.Sprintf("reading the scenarios of %q", c.dir))
	}
	return nil
}
