package deployment

import (
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"path"
	"slices"
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

// kinds is what a directive's file holds; made says that the lab's own is taken even
// where the folder has one.
var kinds = []struct {
	names []string
	made  bool
	what  string
	make  func(certificate.Set) []byte
}{
	{[]string{"ssl_certificate", "proxy_ssl_certificate", "uwsgi_ssl_certificate", "grpc_ssl_certificate"}, false, "a certificate", func(s certificate.Set) []byte { return s.Pairs["good"].Certificate }},
	{[]string{"ssl_certificate_key", "proxy_ssl_certificate_key", "uwsgi_ssl_certificate_key", "grpc_ssl_certificate_key"}, false, "its key", func(s certificate.Set) []byte { return s.Pairs["good"].Key }},
	{[]string{"ssl_client_certificate", "proxy_ssl_trusted_certificate", "uwsgi_ssl_trusted_certificate", "grpc_ssl_trusted_certificate"}, true, "the lab's certificate authority, which signs what the other side presents", func(s certificate.Set) []byte { return s.CA }},
	{[]string{"ssl_trusted_certificate"}, false, "the lab's certificate authority", func(s certificate.Set) []byte { return s.CA }},
	{[]string{"auth_basic_user_file"}, true, "a file of passwords with the user that the probes have", func(certificate.Set) []byte { return []byte(StandInUser + ":{PLAIN}" + StandInPassword + "\n") }},
	{[]string{"ssl_dhparam"}, false, "parameters of Diffie-Hellman", func(certificate.Set) []byte { return dhParameters() }},
	{[]string{"ssl_session_ticket_key"}, false, "a key", func(certificate.Set) []byte { return []byte(strings.Repeat("lab's key ", 8)) }},
	{[]string{"ssl_password_file"}, false, "a password", func(certificate.Set) []byte { return []byte("lab\n") }},
}

// Always adds the stand-ins that a configuration needs whatever its folder has.
func (s *StandIns) Always(site *Site) {
	site.Walk(func(d *nginx.Directive) {
		for _, k := range kinds {
			if !k.made || !slices.Contains(k.names, d.Name) || len(d.Args) != 1 || strings.Contains(d.Arg(0), "$") {
				continue
			}
			if d.Is("auth_basic_user_file") && d.Arg(0) == "off" {
				continue
			}
			s.add(d, s.place(site, d.Arg(0)), k.what, k.make(s.Set))
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
	found := quotedPath().FindStringSubmatch(complaint)
	switch {
	case strings.Contains(complaint, "unknown directive") || strings.Contains(complaint, "dlopen()"):
		return Remedy{}, fmt.Errorf("%s: this nginx lacks the module; name an image that has it with --nginx IMAGE, or take the directive out", complaint)
	case strings.HasPrefix(complaint, "invalid parameter") || strings.HasPrefix(complaint, "invalid value"):
		return Remedy{}, fmt.Errorf("nginx refuses the configuration: %s; if another version of nginx takes it, name its image with --nginx IMAGE", complaint)
	case found == nil:
		return Remedy{}, fmt.Errorf("nginx refuses the configuration: %s", complaint)
	case strings.HasPrefix(complaint, "mkdir()"):
		return Remedy{Folder: path.Dir(found[1])}, nil
	}
	place := path.Clean(found[1])
	if _, again := s.Files[place]; again && !strings.Contains(complaint, "key values mismatch") {
		return Remedy{}, fmt.Errorf("nginx refuses the configuration, also with a stand-in for %q: %s", place, complaint)
	}
	var named *nginx.Directive
	site.Walk(func(d *nginx.Directive) {
		for _, word := range d.Args {
			if named == nil && (word == place || !path.IsAbs(word) && word != "" && strings.HasSuffix(place, "/"+path.Clean(word))) {
				named = d
			}
		}
	})
	for _, d := range site.Missing {
		if named == nil && s.place(site, d.Arg(0)) == place {
			named = d
		}
	}
	if named == nil {
		return Remedy{}, fmt.Errorf("nginx refuses the configuration: %s", complaint)
	}
	for _, k := range kinds {
		if slices.Contains(k.names, named.Name) {
			s.add(named, place, k.what, k.make(s.Set))
			s.partner(site, named)
			return Remedy{}, nil
		}
	}
	if strings.Contains(complaint, "(2: ") || strings.Contains(complaint, "(13: ") {
		s.add(named, place, "an empty file", nil)
		return Remedy{}, nil
	}
	return Remedy{}, fmt.Errorf("nginx refuses the configuration: %s", complaint)
}

// partner makes the other one of a certificate and its key as well: a pair of which the
// lab has one half fits with no stand-in of the other.
func (s *StandIns) partner(site *Site, d *nginx.Directive) {
	other := d.Name + "_key"
	if base, ok := strings.CutSuffix(d.Name, "_key"); ok {
		other = base
	}
	for _, k := range kinds {
		if !slices.Contains(k.names, other) || d.Parent == nil {
			continue
		}
		for _, sibling := range d.Parent.Block {
			if sibling.Is(other) && !strings.Contains(sibling.Arg(0), "$") {
				s.add(sibling, s.place(site, sibling.Arg(0)), k.what, k.make(s.Set))
			}
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
