package guide

import (
	"index/suffixarray"
	"strings"
)

// These are the least and the most words of a fragment, and its least length.
const (
	fragmentLeast  = 3
	fragmentMost   = 12
	fragmentLength = 8
)

// Fragments finds short texts that distinguish statements.
type Fragments struct {
	normals []string // the normal forms of the statements
	starts  []int    // where these begin in the text of the index
	index   *suffixarray.Index
}

// Fragments makes an index of the statements.
func (d Document) Fragments() Fragments {
	var f Fragments
	var all strings.Builder
	for _, s := range d.Statements {
		f.normals, f.starts = append(f.normals, normal(s.Text)), append(f.starts, all.Len())
		all.WriteString(f.normals[len(f.normals)-1] + "\n") // no normal form contains a line break
	}
	f.index = suffixarray.New([]byte(all.String()))
	return f
}

// Of returns a few words that only this statement of the guide contains, as short as possible.
// It returns "" if there are none.
func (f Fragments) Of(s Statement) string {
	words := strings.Fields(s.Text)
	own := normal(s.Text)
	for n := min(fragmentLeast, len(words)); n <= min(fragmentMost, len(words)); n++ {
		for i := 0; i+n <= len(words); i++ {
			text := strings.Join(words[i:i+n], " ")
			if short := normal(text); len(short) >= fragmentLength && f.alone(short, own) {
				return text
			}
		}
	}
	return ""
}

// most is how many places of a text are examined.
const most = 100

// alone reports whether only statements with the same text contain a fragment.
func (f Fragments) alone(text, own string) bool {
	places := f.index.Lookup([]byte(text), most)
	if len(places) == most {
		return false
	}
	for _, at := range places {
		// Find the last statement that begins there or before.
		low, high := 0, len(f.starts)
		for low+1 < high {
			if middle := (low + high) / 2; f.starts[middle] <= at {
				low = middle
			} else {
				high = middle
			}
		}
		if f.normals[low] != own {
			return false
		}
	}
	return true
}
