package deployment

import (
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"path"
	"strings"

	"github.com/gatewaylab/lab/internal/certificate"
	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/nginx"
)

// What the stand-in of a file of passwords knows.
const (
	StandInUser     = "lab"
	StandInPassword = "lab"
)

// StandIns is the files that the lab makes in place of those that it does not have, or
// whose counterparts it does not have.
type StandIns struct {
	Set   certificate.Set // made for every name of the configuration
	Files map[string]string
	Why   []Change
}

// substitute is a file of the lab's for those of one kind.
type substitute struct {
	always bool // also where the folder has such a file
	what   string
	make   func(certificate.Set) []byte
}

var substitutes = map[nginx.FileKind]substitute{
	nginx.Certificate: {
		what: "a certificate",
		make: func(s certificate.Set) []byte { return s.Pairs["good"].Certificate },
	},
	nginx.CertificateKey: {
		what: "its key",
		make: func(s certificate.Set) []byte { return s.Pairs["good"].Key },
	},
	nginx.PeerAuthority: {
		always: true,
		what:   "the lab's certificate authority, which signs what the other side presents",
		make:   func(s certificate.Set) []byte { return s.CA },
	},
	nginx.Authority: {
		what: "the lab's certificate authority",
		make: func(s certificate.Set) []byte { return s.CA },
	},
	nginx.Passwords: {
		always: true,
		what:   "a file of passwords with the user that the probes have",
		make:   text(StandInUser + ":{PLAIN}" + StandInPassword + "\n"),
	},
	nginx.DHParameters: {
		what: "parameters of Diffie-Hellman",
		make: func(certificate.Set) []byte { return dhParameters() },
	},
	nginx.TicketKey:   {what: "a key", make: text(strings.Repeat("lab's key ", 8))},
	nginx.Passphrases: {what: "a password", make: text("lab\n")},
}

func text(s string) func(certificate.Set) []byte {
	return func(certificate.Set) []byte { return []byte(s) }
}

// substituteOf is what stands in for the file that a directive names.
func substituteOf(name string) (substitute, bool) {
	s, ok := substitutes[nginx.FileKindOf(name)]
	return s, ok
}

// Always adds the stand-ins that a configuration needs whatever its folder has.
func (s *StandIns) Always(site *Site) {
	site.Walk(func(d *nginx.Directive) {
		by, ok := substituteOf(d.Name)
		off := d.Is("auth_basic_user_file") && d.Arg(0) == "off"
		if ok && by.always && !off && len(d.Args) == 1 && !strings.Contains(d.Arg(0), "$") {
			s.add(d, s.place(site, d.Arg(0)), by.what, by.make(s.Set))
		}
	})
}

// place is the path of a file that a directive names.
func (s *StandIns) place(site *Site, name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(path.Dir(site.Main), name)
}

func (s *StandIns) add(d *nginx.Directive, place, what string, data []byte) {
	if s.Files == nil {
		s.Files = map[string]string{}
	}
	if _, ok := s.Files[place]; ok {
		return
	}
	s.Files[place] = string(data)
	s.Why = append(s.Why, Change{File: d.File, Line: d.Line, Was: place, Now: what, Why: "stands in for the file"})
}

var (
	// quotedPath is the file that an error is about.
	quotedPath = lazy.Regexp(`"(/[^"]*)"`)
	noAccount  = lazy.Regexp(`get(?:pwnam|grnam)\("[^"]*"\) failed`)
)

// Remedy is what makes nginx take a configuration that it complained about.
type Remedy struct {
	User   bool   // the workers' user must be the image's
	Folder string // that must be there
}

// Mend finds what a complaint of nginx's is about and adds a stand-in for it. The error
// says what the lab lacks, and what to do.
func (s *StandIns) Mend(site *Site, complaint string) (Remedy, error) {
	if noAccount().MatchString(complaint) {
		return Remedy{User: true}, nil
	}
	refused := fmt.Errorf("nginx refuses the configuration: %s", complaint)
	found := quotedPath().FindStringSubmatch(complaint)
	switch {
	case strings.Contains(complaint, "unknown directive") || strings.Contains(complaint, "dlopen()"):
		const remedy = "name an image that has it with --nginx IMAGE, or take the directive out"
		return Remedy{}, fmt.Errorf("%s: this nginx lacks the module; %s", complaint, remedy)
	case strings.HasPrefix(complaint, "invalid parameter") || strings.HasPrefix(complaint, "invalid value"):
		const remedy = "if another version of nginx takes it, name its image with --nginx IMAGE"
		return Remedy{}, fmt.Errorf("%w; %s", refused, remedy)
	case found == nil:
		return Remedy{}, refused
	case strings.HasPrefix(complaint, "mkdir()"):
		return Remedy{Folder: path.Dir(found[1])}, nil
	}
	place := path.Clean(found[1])
	if _, again := s.Files[place]; again && !strings.Contains(complaint, "key values mismatch") {
		return Remedy{}, fmt.Errorf("nginx refuses the configuration, also with a stand-in for %q: %s", place, complaint)
	}
	named := s.named(site, place)
	if named == nil {
		return Remedy{}, refused
	}
	if by, ok := substituteOf(named.Name); ok {
		s.add(named, place, by.what, by.make(s.Set))
		s.partner(site, named)
		return Remedy{}, nil
	}
	if strings.Contains(complaint, "(2: ") || strings.Contains(complaint, "(13: ") {
		s.add(named, place, "an empty file", nil)
		return Remedy{}, nil
	}
	return Remedy{}, refused
}

// named is the first directive that names a file; nil: none does.
func (s *StandIns) named(site *Site, place string) *nginx.Directive {
	var named *nginx.Directive
	site.Walk(func(d *nginx.Directive) {
		for _, word := range d.Args {
			relative := !path.IsAbs(word) && word != "" && strings.HasSuffix(place, "/"+path.Clean(word))
			if named == nil && (word == place || relative) {
				named = d
			}
		}
	})
	for _, d := range site.Missing {
		if named == nil && s.place(site, d.Arg(0)) == place {
			named = d
		}
	}
	return named
}

// partner makes the other one of a certificate and its key as well: a pair of which the
// lab has one half fits with no stand-in of the other.
func (s *StandIns) partner(site *Site, d *nginx.Directive) {
	other := d.Name + "_key"
	if base, ok := strings.CutSuffix(d.Name, "_key"); ok {
		other = base
	}
	by, ok := substituteOf(other)
	if !ok || d.Parent == nil {
		return
	}
	for _, sibling := range d.Parent.Block {
		if sibling.Is(other) && !strings.Contains(sibling.Arg(0), "$") {
			s.add(sibling, s.place(site, sibling.Arg(0)), by.what, by.make(s.Set))
		}
	}
}

const dhPrime = "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd" +
	"ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed" +
	"ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f" +
	"83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b" +
	"e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa0510" +
	"15728e5a8aacaa68ffffffffffffffff"

// dhParameters is the 2048-bit group of RFC 3526, with its generator.
func dhParameters() []byte {
	p, _ := new(big.Int).SetString(dhPrime, 16)
	der, err := asn1.Marshal(struct{ P, G *big.Int }{p, big.NewInt(2)})
	if err != nil {
		panic(err) // two numbers
	}
	return pem.EncodeToMemory(&pem.Block{Type: "DH PARAMETERS", Bytes: der})
}
