package image

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"sort"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/server"
	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/image/apt"
	"github.com/gatewaylab/lab/internal/lazy"
)

// Labels of assembled images, besides engine.LabelImage.
const (
	LabelPackages = "lab.packages"        // name=version of each, separated by spaces
	LabelDigest   = "lab.packages.sha256" // of that list
	LabelLayout   = "lab.layout"          // what lab itself puts into images
)

// layout changes with what images must have besides their packages: one that an older
// lab has assembled is not used any more.
const layout = "2"

// assembledValue is engine.LabelImage's value on the images that a run may use; an
// image with another value is listed and pruned, and never chosen.
const assembledValue = "assembled"

// Recipe says where an image comes from, and what it is made of when it is assembled.
type Recipe struct {
	What       string            // for people: "nginx"
	Official   string            // the image to pull; "" is that there is none
	Repository string            // of assembled ones: "lab/nginx"
	Packages   []string          // with all that they depend on
	Version    string            // pattern of the package whose version is the tag
	Links      map[string]string // link -> its target, or a pattern of it among the packages' files
	Files      map[string]string // path -> text; a package's file of that name is left out
	Groups     string            // further lines of /etc/group
	Keep       []string          // of what images leave out otherwise
	Omit       []string          // of what the packages bring
	Dirs       []Dir
	Changes    []string // further instructions that an import takes: CMD, USER, LABEL; not STOPSIGNAL
}

// Nginx is nginx as the distribution builds it, with a shell to look inside with.
func Nginx() Recipe {
	dirs := []Dir{{"var/log/nginx", 0o755, wwwData}, {"var/lib/nginx", 0o755, 0}, {"var/www", 0o755, 0}, {"var/www/html", 0o755, 0}}
	for _, module := range []string{"body", "fastcgi", "proxy", "scgi", "uwsgi"} {
		dirs = append(dirs, Dir{"var/lib/nginx/" + module, 0o700, wwwData})
	}
	return Recipe{
		What: "nginx", Official: Pinned, Repository: "lab/nginx",
		Packages: []string{"nginx", "busybox-static"},
		Version:  "nginx",
		Dirs:     dirs,
		Changes:  []string{`CMD ["nginx","-g","daemon off;"]`},
	}
}

// Server is an application server, with a shell to look inside with.
func Server(s server.Server) Recipe {
	r := Recipe{
		What: s.Name, Official: s.Image, Repository: "lab/" + s.Name,
		Packages: s.Packages, Version: s.Version, Links: s.Links, Files: s.Files, Groups: s.Groups, Keep: s.Keep, Omit: s.Omit,
	}
	if s.Manager {
		r.Dirs = Nginx().Dirs
	}
	return r
}

var unsafe = lazy.Regexp(`[^A-Za-z0-9_.-]`)

// name is the image's name: a version has characters that a tag may not have.
func (r Recipe) name(packages []apt.Package) (string, error) {
	for _, p := range packages {
		if fits, err := path.Match(r.Version, p.Name); err != nil {
			return "", fmt.Errorf("naming the image: the pattern %q: %w", r.Version, err)
		} else if fits {
			return r.Repository + ":" + unsafe().ReplaceAllString(p.Version, "-"), nil
		}
	}
	return "", fmt.Errorf("naming the image: no package %q is among those fetched", r.Version)
}

func (r Recipe) changes(packages []apt.Package) []string {
	var list []string
	for _, p := range packages {
		list = append(list, p.Name+"="+p.Version)
	}
	sort.Strings(list)
	text := strings.Join(list, " ")
	sum := sha256.Sum256([]byte(text))
	return append([]string{
		"ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		fmt.Sprintf("LABEL %s=%q", engine.LabelImage, assembledValue),
		fmt.Sprintf("LABEL %s=%q", LabelLayout, layout),
		fmt.Sprintf("LABEL %s=%q", LabelPackages, text),
		fmt.Sprintf("LABEL %s=%q", LabelDigest, hex.EncodeToString(sum[:])),
	}, r.Changes...)
}
