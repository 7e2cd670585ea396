package scan

import (
	"bytes"
	"embed"
	"path"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/gatewaylab/lab/internal/nginx"
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
	From     nginx.Version `yaml:"from"`
	Until    nginx.Version `yaml:"until"`
	Code     strict.Regexp `yaml:"code"`
	Function strict.Regexp `yaml:"function"`
	Reason   strict.Regexp `yaml:"reason"`
	Source   string        `yaml:"source"`
}

type wording struct {
	Text  string        `yaml:"text"`
	From  nginx.Version `yaml:"from"`
	Until nginx.Version `yaml:"until"`
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
	Since      nginx.Version `yaml:"since"`
	Deprecated nginx.Version `yaml:"deprecated"`
	Until      nginx.Version `yaml:"until"`
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
