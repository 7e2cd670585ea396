package deployment

import (
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/nginx"
)

// Masked is a text of a file of the configuration without the values of directives that
// do not decide how a location fails: they may be secrets. Lines keep their numbers.
func (s *Site) Masked(file, text string) string {
	var pairs []string
	s.Walk(func(d *nginx.Directive) {
		if d.File != file || d.IsBlock || len(d.Args) == 0 || decides(d.Name) {
			return
		}
		if written := s.Files[file][d.Start:d.End]; strings.HasPrefix(written, d.Name) && strings.HasSuffix(written, ";") {
			pairs = append(pairs, written, d.Name+" …;"+strings.Repeat("\n", strings.Count(written, "\n")))
		}
	})
	return strings.NewReplacer(pairs...).Replace(text)
}

var credentials = lazy.Regexp(`(://)[^/@\s"]*@`)

// WithoutCredentials is a complaint of nginx's without the password of an address.
func WithoutCredentials(text string) string { return credentials().ReplaceAllString(text, "$1…@") }

func decides(name string) bool {
	_, rest, _ := nginx.FamilyOf(name)
	return name == "error_page" || rest == "pass" || slices.Contains(settings, rest)
}
