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

// These are the labels of assembled images, in addition to engine.LabelImage.
const (
	LabelPackages = "lab.packages"        // name=version of each package, separated by spaces
	LabelDigest   = "lab.packages.sha256" // the checksum of that list
	LabelLayout   = "lab.layout"          // the version of what lab itself adds to images
)

// layout is increased when images must have something new besides their packages. Images with
// another layout, which an older lab has assembled, are no longer used.
const layout = "2"

// assembledValue is the value of engine.LabelImage on images that a run may use. An image with
// another value is listed and pruned, but never used.
const assembledValue = "assembled"

// Recipe says where to pull an image, and what to assemble it from.
type Recipe struct {
	What       string            // the name for people, such as "nginx"
	Official   string            // the image to pull, or "" if there is none
	Repository string            // the repository of assembled images, such as "lab/nginx"
	Packages   []string          // the packages; their dependencies are added
	Version    string            // a pattern for the package whose version becomes the tag
	Links      map[string]string // maps a link to its target, or to a pattern that matches the target among the packages' files
	Files      map[string]string // maps a path to its text; a package's file with the same path is left out
	Groups     string            // additional lines of /etc/group
	Keep       []string          // files to keep that images otherwise leave out
	Omit       []string          // files of the packages to leave out
	Dirs       []Dir
	Changes    []string // additional instructions that an import accepts: CMD, USER or LABEL, but not STOPSIGNAL
}

// Nginx returns the recipe of nginx as the distribution builds it. The image has a shell, so
// that people can look inside a container.
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

// Server returns the recipe of an application server. The image has a shell, so that people
// can look inside a container.
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

// name returns the image's name. A version may contain characters that are not allowed in a
// tag.
func (r Recipe) name(packages []apt.Package) (string, error) {
	for _, p := range packages {
		if fits, err := path.Match(r.Version, p.Name); err != nil {
			return "", fmt.Errorf("naming the image: the pattern %q: %w", r.Version, err)
		} else if fits {
			return r.Repository + ":" + unsafe().ReplaceAllString(p.Version, "-"), nil
		}
	}
	return "", fmt.Errorf("naming the image: no fetched package matches %q", r.Version)
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
