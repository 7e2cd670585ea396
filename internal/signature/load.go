package signature

import (
	"embed"
	"fmt"
	"io/fs"
	"path"

	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/strict"
)

//go:embed signatures
var files embed.FS

// maxValues is the most names and values in one file.
const maxValues = 4000

// Set is a set of signatures that lines are compared with.
type Set struct {
	All []Signature
	by  map[string]*Signature
	// filters has the filter of each signature, in the order of All.
	filters []filter
}

// Load reads lab's own signatures from signatures/*.yaml.
func Load() (*Set, error) {
	own, err := fs.Sub(files, "signatures")
	if err != nil {
		return nil, fmt.Errorf("reading the signatures: %w", err)
	}
	return load(own)
}

// load reads every file of fsys. If the error is of type strict.Mistakes, it lists everything
// that is wrong.
func load(fsys fs.FS) (*Set, error) {
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("reading the signatures: %w", err)
	}
	set := &Set{by: map[string]*Signature{}}
	var mistakes strict.Mistakes
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("reading the signatures: %w", err)
		}
		var some []Signature
		mistakes = append(mistakes, strict.Decode(path.Join("signatures", name), string(text), maxValues, &some)...)
		for i := range some {
			some[i].file = path.Join("signatures", name)
		}
		set.All = append(set.All, some...)
	}
	mistakes = append(mistakes, set.check()...)
	if err := mistakes.OrNil(); err != nil {
		return nil, err
	}
	for i := range set.All {
		set.filters = append(set.filters, newFilter(&set.All[i]))
	}
	return set, nil
}

// id is the form of a signature's id, which names the signature in output, in links and in
// other signatures.
var id = lazy.Regexp(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// check finds mistakes that concern more than a single value.
func (set *Set) check() strict.Mistakes {
	var mistakes strict.Mistakes
	var known []string
	for i := range set.All {
		s := &set.All[i]
		if _, again := set.by[s.ID]; again {
			mistakes = append(mistakes, s.mistake("the id %q appears twice", s.ID))
		}
		set.by[s.ID], known = s, append(known, s.ID)
	}
	for i := range set.All {
		s := &set.All[i]
		switch {
		case !id().MatchString(s.ID):
			mistakes = append(mistakes, s.mistake("the id %q may contain only lowercase letters, digits and hyphens", s.ID))
		case s.Title == "" || s.Means == "" || s.Status == "" || len(s.Levels) == 0 || len(s.LookAlikes) == 0:
			mistakes = append(mistakes, s.mistake("the signature %q must have title, means, status, levels and look_alikes", s.ID))
		case s.Match.IsZero() || s.Match.String() == "" || s.Match.MatchString(""):
			mistakes = append(mistakes, s.mistake("the signature %q must have a match, which must not match every line", s.ID))
		}
		others := append([]string{}, s.Ambiguous...)
		for _, l := range s.LookAlikes {
			others = append(others, l.ID)
		}
		for _, other := range others {
			if set.by[other] == nil || other == s.ID {
				mistakes = append(mistakes, s.mistake("the signature %q names %q, and there is no other signature with this id%s", s.ID,
					other, strict.Suggest(other, known)))
			}
		}
	}
	return mistakes
}

func (s *Signature) mistake(format string, args ...any) strict.Mistake {
	return strict.Mistake{File: s.file, Line: int(s.Line), Text: fmt.Sprintf(format, args...)}
}

// Find returns the signature with this id, or nil if there is none.
func (set *Set) Find(id string) *Signature { return set.by[id] }
