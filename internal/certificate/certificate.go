// Package certificate makes the certificates of a run from the recipe in fixtures/nginx. It
// does not store them.
package certificate

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/gatewaylab/lab/fixtures"
)

// Pair is a certificate and its private key in PEM form.
type Pair struct{ Certificate, Key []byte }

// Set holds all certificates of the recipe, made for one run.
type Set struct {
	CA    []byte // PEM; has signed all certificates except self-signed ones and those of the foreign CA
	Pairs map[string]Pair
}

type recipe struct {
	Names      []string `yaml:"names"`
	From       string   `yaml:"from"`  // relative to the time at which it is made, -1h by default
	Until      string   `yaml:"until"` // relative to the time at which it is made, 24h by default
	SelfSigned bool     `yaml:"self_signed"`
	ForeignCA  bool     `yaml:"foreign_ca"` // signed by a CA that nginx does not know
}

func recipes() (map[string]recipe, error) {
	all := map[string]recipe{}
	decoder := yaml.NewDecoder(bytes.NewReader(fixtures.Certificates))
	decoder.KnownFields(true)
	if err := decoder.Decode(&all); err != nil {
		return nil, fmt.Errorf("reading fixtures/nginx/certificates.yaml: %w", err)
	}
	return all, nil
}

// Names returns the sorted names of the certificates that a scenario can use.
func Names() ([]string, error) {
	all, err := recipes()
	return slices.Sorted(maps.Keys(all)), err
}

// Make makes every certificate of the recipe. The times in the recipe are relative to now.
func Make(now time.Time) (Set, error) { return MakeFor(now, nil) }

// MakeFor does what Make does, but with certificates for these names and IP addresses instead
// of the recipe's. The certificate that is for another name keeps that name. If names is nil,
// all certificates keep the names of the recipe.
func MakeFor(now time.Time, names []string) (Set, error) {
	all, err := recipes()
	if err != nil {
		return Set{}, err
	}
	ca, err := newAuthority("lab CA", now)
	if err != nil {
		return Set{}, err
	}
	foreign, err := newAuthority("another CA", now)
	if err != nil {
		return Set{}, err
	}
	set := Set{CA: ca.pem, Pairs: map[string]Pair{}}
	for name, r := range all {
		signer := ca
		if r.ForeignCA {
			signer = foreign
		}
		if len(names) > 0 && name != "other-name" {
			r.Names = names
		}
		pair, err := r.make(signer, now)
		if err != nil {
			return Set{}, fmt.Errorf("making certificate %q: %w", name, err)
		}
		set.Pairs[name] = pair
	}
	return set, nil
}

type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
}

func newAuthority(name string, now time.Time) (authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-72 * time.Hour), NotAfter: now.Add(72 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return authority{}, err
	}
	certificate, err := x509.ParseCertificate(der)
	return authority{certificate, key, encode("CERTIFICATE", der)}, err
}

func (r recipe) make(signer authority, now time.Time) (Pair, error) {
	from, err := offset(now, r.From, -time.Hour)
	if err != nil {
		return Pair{}, err
	}
	until, err := offset(now, r.Until, 24*time.Hour)
	if err != nil {
		return Pair{}, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: r.Names[0]},
		NotBefore: from, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, name := range r.Names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	parent, signKey := signer.certificate, signer.key
	if r.SelfSigned {
		parent, signKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signKey)
	if err != nil {
		return Pair{}, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	return Pair{encode("CERTIFICATE", der), encode("PRIVATE KEY", private)}, err
}

func offset(now time.Time, text string, otherwise time.Duration) (time.Time, error) {
	if text == "" {
		return now.Add(otherwise), nil
	}
	d, err := time.ParseDuration(text)
	return now.Add(d), err
}

func serial() *big.Int {
	n, _ := rand.Int(rand.Reader, big.NewInt(1<<62)) // crypto/rand cannot fail since Go 1.24
	return n
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
