package scan

import (
	"bytes"
	"embed"
	"path"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/strict"
)

//go:embed tables/*.yaml
var tableFiles embed.FS

// tables is what is known without a trial; each file names its sources.
type tables struct {
	Ages    []age              `yaml:"ages"`
	Reasons map[int][]string   `yaml:"reasons"`
	Verify  map[int][]wording  `yaml:"verify"`
	Linux   map[int][]string   `yaml:"linux"`
	BSD     map[int][]string   `yaml:"bsd"`
	Lines   []knownLine        `yaml:"lines"`
	Actions []string           `yaml:"actions"`
	Fields  []string           `yaml:"fields"`
	History []history          `yaml:"directives"`
	Limits  []limit            `yaml:"limits"`
	Modules map[string]string  `yaml:"modules"` // of others: their directives' beginnings, and their names
	Tools   map[string]program `yaml:"commands"`
}

// age is how the OpenSSL versions from From to before Until word an error.
type age struct {
	Name     string        `yaml:"name"`
	From     string        `yaml:"from"`
	Until    string        `yaml:"until"`
	Code     strict.Regexp `yaml:"code"`
	Function strict.Regexp `yaml:"function"`
	Reason   strict.Regexp `yaml:"reason"`
	Source   string        `yaml:"source"`
}

type wording struct {
	Text  string `yaml:"text"`
	From  string `yaml:"from"`
	Until string `yaml:"until"`
}

type knownLine struct {
	Match  strict.Regexp `yaml:"match"`
	Level  string        `yaml:"level"`
	Source string        `yaml:"source"`
}

// history is which nginx versions know a directive, or arguments of it.
type history struct {
	Name       string        `yaml:"name"`
	Args       strict.Regexp `yaml:"args"`
	Since      string        `yaml:"since"`
	Deprecated string        `yaml:"deprecated"`
	Until      string        `yaml:"until"`
	Instead    string        `yaml:"instead"`
	Source     string        `yaml:"source"`
}

type limit struct {
	Name   string `yaml:"name"`
	Over   string `yaml:"over"`
	Say    string `yaml:"say"`
	Source string `yaml:"source"`
}

type program struct {
	Letters string              `yaml:"letters"`
	With    string              `yaml:"with"`
	Long    []string            `yaml:"long"`
	Words   []string            `yaml:"words"`
	Values  map[string][]string `yaml:"values"`
	Source  string              `yaml:"source"`
}

// known reads the tables. They are part of the program: a mistake in them is one in it.
var known = sync.OnceValue(func() tables {
	var t tables
	entries, err := tableFiles.ReadDir("tables")
	if err != nil {
		panic(err)
	}
	for _, entry := range entries {
		text, err := tableFiles.ReadFile(path.Join("tables", entry.Name()))
		if err != nil {
			panic(err)
		}
		decoder := yaml.NewDecoder(bytes.NewReader(text))
		decoder.KnownFields(true)
		if err := decoder.Decode(&t); err != nil {
			panic(entry.Name() + ": " + err.Error())
		}
	}
	return t
})

var versionNumber = lazy.Regexp(`\d+(\.\d+)+`)

// before compares versions by their numbers; "" is older than every other.
func before(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(x), len(y)) {
		m, n := part(x, i), part(y, i)
		if m != n {
			return m < n
		}
	}
	return false
}

func part(list []string, i int) int {
	if i >= len(list) {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimFunc(list[i], func(r rune) bool { return r < '0' || r > '9' }))
	return n
}

// between reports whether from <= version < until; "" is no bound.
func between(version, from, until string) bool {
	return !before(version, from) && (until == "" || before(version, until))
}
