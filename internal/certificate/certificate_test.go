package certificate_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/certificate"
)

var now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func parse(t *testing.T, text []byte) *x509.Certificate {
	t.Helper()
	block, rest := pem.Decode(text)
	if block == nil || len(rest) > 0 {
		t.Fatalf("not one PEM block: %q", text)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Each certificate must be wrong in the way that its name says, and in no other.
func TestMake(t *testing.T) {
	set, err := certificate.Make(now)
	if err != nil {
		t.Fatal(err)
	}
	day := 24 * time.Hour
	// A remedy makes a certificate valid: verification at another time, for another name, or
	// with the certificate itself as a trusted root.
	type remedy struct {
		at   time.Time
		name string
		own  bool // whether the certificate itself is trusted
	}
	good := remedy{now, "backend.internal", false}
	tests := map[string]struct {
		remedy remedy
		wrong  func(error) bool // recognizes the error of verification without the remedy; nil means that there is no error
	}{
		"good":          {good, nil},
		"expired":       {remedy{now.Add(-36 * time.Hour), good.name, false}, invalid(x509.Expired)},
		"not-yet-valid": {remedy{now.Add(36 * time.Hour), good.name, false}, invalid(x509.Expired)},
		"other-name":    {remedy{now, "other.internal", false}, is[x509.HostnameError]},
		"self-signed":   {remedy{now, good.name, true}, is[x509.UnknownAuthorityError]},
		"unknown-ca":    {good, is[x509.UnknownAuthorityError]},
	}
	names, err := certificate.Names()
	if err != nil || !slices.Equal(names, slices.Sorted(maps.Keys(tests))) || !slices.Equal(names, slices.Sorted(maps.Keys(set.Pairs))) {
		t.Fatalf("Names = %q, %v: test each of them, and make each", names, err)
	}
	verify := func(c *x509.Certificate, r remedy) error {
		roots := x509.NewCertPool()
		roots.AddCert(parse(t, set.CA))
		if r.own {
			roots.AddCert(c)
		}
		_, err := c.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: r.at, DNSName: r.name})
		return err
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			pair := set.Pairs[name]
			if _, err := tls.X509KeyPair(pair.Certificate, pair.Key); err != nil {
				t.Errorf("the key is not the certificate's: %v", err)
			}
			c := parse(t, pair.Certificate)
			err := verify(c, good)
			if (test.wrong == nil && err != nil) || (test.wrong != nil && !test.wrong(err)) {
				t.Errorf("verifies with %v", err)
			}
			err = verify(c, test.remedy)
			if name == "unknown-ca" {
				return // no CA that lab knows has signed it
			}
			if err != nil {
				t.Errorf("with its remedy it verifies with %v", err)
			}
		})
	}
	// A testbed may live for a long time, and clocks differ.
	if c := parse(t, set.Pairs["good"].Certificate); c.NotBefore.After(now.Add(-time.Minute)) || c.NotAfter.Before(now.Add(day/2)) {
		t.Errorf("good is valid from %s to %s", c.NotBefore, c.NotAfter)
	}
}

func invalid(reason x509.InvalidReason) func(error) bool {
	return func(err error) bool {
		var is x509.CertificateInvalidError
		return errors.As(err, &is) && is.Reason == reason
	}
}

func is[E error](err error) bool { var e E; return errors.As(err, &e) }

// A certificate of one run must not be trusted in another.
func TestEveryRunHasItsOwn(t *testing.T) {
	one, err := certificate.Make(now)
	if err != nil {
		t.Fatal(err)
	}
	other, err := certificate.Make(now)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parse(t, other.CA))
	if _, err := parse(t, one.Pairs["good"].Certificate).Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now}); err == nil {
		t.Error("another run's CA verifies it")
	}
	if string(one.Pairs["good"].Key) == string(one.Pairs["expired"].Key) ||
		string(one.Pairs["good"].Key) == string(other.Pairs["good"].Key) {
		t.Error("a key is used twice")
	}
}
