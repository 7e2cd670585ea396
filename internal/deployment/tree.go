// Package deployment reads a user's nginx configuration as it stands on a server: its
// files, what they say, what a lab must stand in for and what must differ in a lab. It
// runs nothing.
package deployment

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/nginx"
)

// Tree is a configuration with its includes in their places.
type Tree struct {
	Main    string
	Top     []*nginx.Directive
	Files   map[string]string  // what was read, by path
	Missing []*nginx.Directive // includes of one file that is not there
	Empty   []*nginx.Directive // includes of a pattern that no file fits
}

const (
	maxIncludes = 2000
	maxNesting  = 32
)

// Expand reads the main file and what it includes, as far as it is among the files.
func Expand(main string, files map[string]string) (*Tree, error) {
	t := &Tree{Main: main, Files: map[string]string{}}
	e := &expansion{tree: t, all: files, names: slices.Sorted(maps.Keys(files))}
	var err error
	t.Top, err = e.file(main, nil, 0)
	return t, err
}

type expansion struct {
	tree  *Tree
	all   map[string]string
	names []string
	count int
}

func (e *expansion) file(name string, parent *nginx.Directive, depth int) ([]*nginx.Directive, error) {
	if e.count++; e.count > maxIncludes || depth > maxNesting {
		return nil, fmt.Errorf("%s: includes without end", name)
	}
	text, ok := e.all[name]
	if !ok {
		return nil, fmt.Errorf("%s: there is no such file", name)
	}
	e.tree.Files[name] = text
	read, err := nginx.ReadConfig(name, text)
	if err != nil {
		return nil, err
	}
	return e.expand(read, parent, depth)
}

func (e *expansion) expand(list []*nginx.Directive, parent *nginx.Directive, depth int) ([]*nginx.Directive, error) {
	var all []*nginx.Directive
	for _, d := range list {
		d.Parent = parent
		if !d.Is("include") || parent != nil && parent.Is("types", "map", "geo") && len(d.Args) != 1 {
			var err error
			if d.Block, err = e.expand(d.Block, d, depth); err != nil {
				return nil, err
			}
			all = append(all, d)
			continue
		}
		pattern := d.Arg(0)
		if !path.IsAbs(pattern) {
			pattern = path.Join(path.Dir(e.tree.Main), pattern)
		}
		found := false
		for _, name := range e.names {
			if ok, _ := path.Match(pattern, name); !ok && name != pattern {
				continue
			}
			found = true
			included, err := e.file(name, parent, depth+1)
			if err != nil {
				return nil, err
			}
			all = append(all, included...)
		}
		switch {
		case found:
		case strings.ContainsAny(pattern, "*?["):
			e.tree.Empty = append(e.tree.Empty, d)
		default:
			e.tree.Missing = append(e.tree.Missing, d)
		}
	}
	return all, nil
}

// Walk visits every directive, blocks before what is in them.
func (t *Tree) Walk(visit func(*nginx.Directive)) { nginx.Walk(t.Top, visit) }

// Effective is the directive that is in force in a block: its own, or that of a block
// around it. nil: nginx's default is.
func Effective(block *nginx.Directive, name string) *nginx.Directive {
	for at := block; at != nil; at = at.Parent {
		for i := len(at.Block) - 1; i >= 0; i-- {
			if at.Block[i].Name == name {
				return at.Block[i]
			}
		}
	}
	return nil
}

// ParseDump reads what nginx -T says: the files that it has read, by path.
func ParseDump(output string) map[string]string {
	const mark = "# configuration file "
	files := map[string]string{}
	name, begin := "", 0
	finish := func(end int) {
		if name != "" {
			files[name] = strings.TrimSuffix(output[begin:end], "\n")
		}
	}
	for at := 0; at < len(output); {
		end := strings.IndexByte(output[at:], '\n')
		if end < 0 {
			end = len(output) - at - 1
		}
		line := strings.TrimSuffix(output[at:at+end+1], "\n")
		if rest, ok := strings.CutPrefix(line, mark); ok && strings.HasPrefix(rest, "/") && strings.HasSuffix(rest, ":") {
			finish(at)
			name, begin = strings.TrimSuffix(rest, ":"), at+end+1
		}
		at += end + 1
	}
	finish(len(output))
	return files
}
