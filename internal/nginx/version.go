package nginx

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gatewaylab/lab/internal/lazy"
)

// Version is the numbers of a version of nginx, or of a library that nginx is built
// with: 1.27.3, 3.0.19. Nil is no version.
type Version []int

// ParseVersion reads a version. It is false for anything that is not numbers with dots
// between them.
func ParseVersion(text string) (Version, bool) {
	var v Version
	for part := range strings.SplitSeq(text, ".") {
		n, err := strconv.ParseUint(part, 10, 31)
		if err != nil {
			return nil, false
		}
		v = append(v, int(n))
	}
	return v, true
}

var dottedNumbers = lazy.Regexp(`\d+(\.\d+)+`)

// FindVersion is the first version that a text names, "OpenSSL 3.0.19 27 Jan 2026"; nil
// if it names none.
func FindVersion(text string) Version {
	v, _ := ParseVersion(dottedNumbers().FindString(text))
	return v
}

// Compare is -1 if a version is older than the other one, 1 if it is newer, and 0 if they
// are the same. Numbers that one of them lacks are 0.
func (v Version) Compare(other Version) int {
	for i := range max(len(v), len(other)) {
		var a, b int
		if i < len(v) {
			a = v[i]
		}
		if i < len(other) {
			b = other[i]
		}
		switch {
		case a < b:
			return -1
		case a > b:
			return 1
		}
	}
	return 0
}

// Within reports whether a version is one of those from since on that are older than
// before; nil is no bound.
func (v Version) Within(since, before Version) bool {
	return v.Compare(since) >= 0 && (before == nil || v.Compare(before) < 0)
}

func (v Version) String() string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint([]int(v)), " ", "."), "[]")
}

// MarshalText writes a version as String does.
func (v Version) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a version as ParseVersion does.
func (v *Version) UnmarshalText(text []byte) error {
	var ok bool
	if *v, ok = ParseVersion(string(text)); !ok {
		return fmt.Errorf("%q is not a version, such as 1.31.0", text)
	}
	return nil
}
