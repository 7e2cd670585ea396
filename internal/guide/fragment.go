package guide

import (
	"index/suffixarray"
	"strings"
)

// The words of a fragment, at least and at most, and how long it must be at the least.
const (
	fragmentLeast  = 3
	fragmentMost   = 12
	fragmentLength = 8
)

// Fragments finds short texts that tell statements apart.
type Fragments struct {
	normals []string // of the statements
	starts  []int    // of these in the index's text
	index   *suffixarray.Index
}

// Fragments prepares for that.
func (d Document) Fragments() Fragments {
	var f Fragments
	var all strings.Builder
	for _, s := range d.Statements {
		f.normals, f.starts = append(f.normals, normal(s.Text)), append(f.starts, all.Len())
		all.WriteString(f.normals[len(f.normals)-1] + "\n") // which no normal text has
	}
	f.index = suffixarray.New([]byte(all.String()))
	return f
}

// Of is a few words of a statement that no other of the guide has, as
// short as can be; "" where none are.
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

// most is how many places of a text are looked at.
const most = 100

// alone reports whether only statements that read alike have a text.
func (f Fragments) alone(text, own string) bool {
	places := f.index.Lookup([]byte(text), most)
	if len(places) == most {
		return false
	}
	for _, at := range places {
		// The last statement that begins there or before.
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
