package deployment

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/nginx"
)

// Home is where a configuration stands on a server unless somebody says otherwise.
const Home = "/etc/nginx"

// What is read of a folder. A configuration is small; what is not is left out, and said.
const (
	maxFile   = 256 << 10
	maxFolder = 4 << 20
	maxFiles  = 2000

	maxEntries = 20_000 // that are looked at
)

// Source is a configuration as its owner keeps it.
type Source struct {
	Main  string            // path of the main file on the server
	Files map[string]string // what the folder holds, by path on the server
	Shown map[string]string // the path that its owner knows, by path on the server
	Notes []string          // what was left out, and what was added
}

// Open reads a configuration: a folder, or one file and what lies beside it. at is where
// the folder stands on the server, Home if it is "". env fills in templates.
//
// Nothing outside of the folder is read, also where a symbolic link leads there.
func Open(name, at string, env map[string]string) (*Source, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	dir, file := name, ""
	if !info.IsDir() {
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("reading the configuration: %q is neither a folder nor a file", name)
		}
		dir, file = filepath.Split(name)
		dir = filepath.Clean(dir)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	defer root.Close()
	f := &folder{root: root, dir: dir, at: at, files: map[string]string{}, real: map[string]string{}}
	if f.at == "" {
		f.at = Home
	}
	if !path.IsAbs(f.at) {
		return nil, fmt.Errorf("the folder's place on the server: %q is not an absolute path", at)
	}
	if err := f.read(file); err != nil {
		return nil, fmt.Errorf("reading the configuration of %q: %w", dir, err)
	}
	s, err := f.source(file, env)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// folder is the files of a folder, by their paths in it.
type folder struct {
	root  *os.Root
	dir   string
	at    string
	files map[string]string
	real  map[string]string // what links lead to
	bytes int
	notes []string
}

func (f *folder) note(format string, args ...any) {
	f.notes = append(f.notes, fmt.Sprintf(format, args...))
}

func (f *folder) read(main string) error {
	if main != "" {
		if err := f.take(main, maxFolder); err != nil {
			return err
		}
	}
	seen := 0
	return fs.WalkDir(f.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		seen++
		switch {
		case seen > maxEntries:
			return fmt.Errorf("it has more than %d files and folders: name the folder of nginx's configuration", maxEntries)
		case err != nil:
			return err
		case entry.IsDir():
			if name != "." && strings.HasPrefix(entry.Name(), ".") {
				return fs.SkipDir
			}
			return nil
		case name == main:
			return nil
		case len(f.files) == maxFiles:
			f.note("%q has more than %d files: the rest is left out", f.dir, maxFiles)
			return fs.SkipAll
		}
		err = f.take(name, maxFile)
		var left errLeft
		if errors.As(err, &left) {
			f.note("%s: %s: left out", filepath.Join(f.dir, name), left)
			return nil
		}
		return err
	})
}

// errLeft is why a file is left out.
type errLeft string

func (e errLeft) Error() string { return string(e) }

// take reads one file. A link with an absolute path into the folder's place on the
// server, as in sites-enabled, leads into the folder.
func (f *folder) take(name string, most int64) error {
	from := name
	info, err := f.root.Lstat(name)
	if err != nil {
		return err
	}
	if info.Mode().Type() == fs.ModeSymlink {
		target, err := f.root.Readlink(name)
		if err != nil {
			return err
		}
		if inside, ok := strings.CutPrefix(target, f.at+"/"); ok {
			from = inside
		} else if beside := path.Join(path.Dir(filepath.ToSlash(name)),
			filepath.ToSlash(target)); !path.IsAbs(filepath.ToSlash(target)) && filepath.IsLocal(beside) {
			from = beside
		}
		if info, err = f.root.Stat(from); err != nil {
			return errLeft("a link to " + target + ", which is not in the folder")
		}
	}
	switch {
	case info.IsDir():
		return errLeft("a link to a folder")
	case !info.Mode().IsRegular():
		return errLeft("no plain file")
	case info.Size() > most:
		return errLeft(fmt.Sprintf("larger than %d KiB", most>>10))
	case int64(f.bytes)+info.Size() > maxFolder:
		return errLeft(fmt.Sprintf("the folder has more than %d MiB", maxFolder>>20))
	}
	file, err := f.root.Open(from)
	if err != nil {
		return errLeft(err.Error())
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return errLeft(err.Error())
	}
	f.files[filepath.ToSlash(name)] = string(text)
	f.real[filepath.ToSlash(name)] = from
	f.bytes += len(text)
	return nil
}

// source finds the main file, or makes one around what is there.
func (f *folder) source(main string, env map[string]string) (*Source, error) {
	s := &Source{Files: map[string]string{}, Shown: map[string]string{}}
	names := func(match func(string) bool) []string {
		var all []string
		for name := range f.files {
			if match(name) {
				all = append(all, name)
			}
		}
		slices.Sort(all)
		return all
	}
	base, alone := "", main // a file that was named: templates beside it are not meant
	if main == "" {
		for _, candidate := range []string{"nginx.conf", "nginx.conf.template", "conf/nginx.conf", "etc/nginx/nginx.conf",
			"nginx/nginx.conf"} {
			if _, ok := f.files[candidate]; ok {
				main, base = candidate, strings.TrimSuffix(path.Dir(candidate)+"/", "./")
				break
			}
		}
	}
	whole := main != "" && isWhole(f.files[main])
	top := names(func(name string) bool {
		return !strings.Contains(name, "/") && (strings.HasSuffix(name, ".conf") || strings.HasSuffix(name, ".template"))
	})
	at := f.at
	var included []string
	switch {
	case whole:
	case main != "":
		at, included = path.Join(f.at, "conf.d"), []string{main}
	case len(names(func(name string) bool {
		return strings.HasPrefix(name, "conf.d/") || strings.HasPrefix(name, "sites-enabled/") || strings.HasPrefix(name, "templates/")
	})) > 0:
	case len(top) > 0:
		at, included = path.Join(f.at, "conf.d"), top
	default:
		return nil, fmt.Errorf(
			"reading the configuration: %q has no nginx.conf, no conf.d, sites-enabled or templates, and no *.conf: name the folder or "+
				"the file of nginx's configuration",
			f.dir,
		)
	}
	t := template{env: env}
	for name, text := range f.files {
		inside, ok := strings.CutPrefix(name, base)
		if !ok {
			continue
		}
		place, shown := path.Join(at, inside), filepath.Join(f.dir, filepath.FromSlash(f.real[name]))
		if rest, ok := strings.CutSuffix(inside, ".template"); ok && (alone == "" || alone == name) {
			// As the entrypoint of nginx's own image does.
			if deeper, ok := strings.CutPrefix(rest, "templates/"); ok {
				rest = path.Join("conf.d", deeper)
			}
			place, text = path.Join(at, rest), t.fill(shown, text)
			if name == main {
				main = strings.TrimSuffix(main, ".template")
			}
		}
		s.Files[place], s.Shown[place] = text, shown
	}
	if err := t.mistakes(); err != nil {
		return nil, err
	}
	s.Notes = f.notes
	if whole {
		s.Main = path.Join(at, strings.TrimPrefix(main, base))
		return s, nil
	}
	s.Main = path.Join(f.at, "nginx.conf")
	include := fmt.Sprintf("include %s/*.conf; include %s/*;", path.Join(f.at, "conf.d"), path.Join(f.at, "sites-enabled"))
	if included != nil {
		include = ""
		for _, name := range included {
			include += fmt.Sprintf("include %q; ", path.Join(at, strings.TrimSuffix(name, ".template")))
		}
	}
	s.Files[s.Main] = "events {}\nhttp {\n    include " + path.Join(
		Home,
		"mime.types",
	) + ";\n    default_type application/octet-stream;\n    " + include + "\n}\n"
	s.Shown[s.Main] = "(lab's nginx.conf)"
	s.Notes = append(s.Notes, fmt.Sprintf("%q has no nginx.conf: one with a plain http block stands around what is there", f.dir))
	return s, nil
}

// isWhole reports whether a text is a main configuration, as against a part of one.
func isWhole(text string) bool {
	all, err := nginx.ReadConfig("", text)
	if err != nil {
		return true // nginx says what is wrong with it
	}
	for _, d := range all {
		if d.Is("http", "events", "stream", "mail", "worker_processes", "pid", "user", "load_module") {
			return true
		}
	}
	return false
}
