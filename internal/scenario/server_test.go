package scenario

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gatewaylab/lab/internal/strict"
)

const withServer = `title: the pool is too small
tags: [504]
server: php-fpm
healthy:
  nginx: nginx.conf
  user: www-data
  backends:
    app: {listen: "unix:///lab/run/php.sock", config: pool.conf, application: index.php}
  probes:
    home: {get: /, expect: {status: 200}}
broken:
  backends:
    app: {config: small.conf}
symptom:
  probes: {home: {status: 504}}
  backend_log: ['reached max_children']
fixes:
  - {id: more, say: more children, backends: {app: {config: pool.conf}}, apply: [restart-backend]}
wrong_fixes:
  - {id: other-user, say: another user, user: daemon, apply: [check, reload]}
hints: [count]
debrief: one child serves one request.
`

func serverFolder(yaml string) fstest.MapFS {
	files := folder(yaml)
	for _, name := range []string{"pool.conf", "small.conf", "index.php"} {
		files["one/"+name] = &fstest.MapFile{Data: []byte(name)}
	}
	return files
}

func TestLoadServer(t *testing.T) {
	all, err := Load(serverFolder(withServer))
	if err != nil {
		t.Fatal(err)
	}
	s := all[0]
	broken := s.BrokenStage().Backends["app"]
	if !broken.Real() || broken.Config != "small.conf" || broken.Application != "index.php" || s.Files["index.php"] != "index.php" {
		t.Errorf("broken is %+v, files %v", broken, s.Files)
	}
	if after := s.BrokenStage().With(s.WrongFixes[0].Delta); after.User != "daemon" || s.Healthy.User != "www-data" {
		t.Errorf("user %q after %q", after.User, s.Healthy.User)
	}
}

func TestServerMistakes(t *testing.T) {
	for _, row := range []struct{ name, old, new, want string }{
		{"unknown server", "server: php-fpm", "server: php-fmp", `one/scenario.yaml:3: unknown server "php-fmp", did you ` +
			`mean "php-fpm"?; the servers are php-fpm, `},
		{"no server", "server: php-fpm\n", "", `one/scenario.yaml:7: backend "app" has a config or an application, but the ` +
			`scenario names no server: add server: php-fpm | `},
		{"no application", ", application: index.php", "", `one/scenario.yaml:8: backend "app" has no application: add ` +
			`application: index.php`},
		{"no configuration", "config: pool.conf, application", "application",
			`one/scenario.yaml:8: backend "app" has no configuration for php-fpm: add config: php-fpm.conf`},
		{"configuration of none", "server: php-fpm", "server: node", `one/scenario.yaml:8: node has no configuration file, ` +
			`only an application: remove config`},
		{"no such file", "application: index.php", "application: indx.php",
			`one/scenario.yaml:8: there is no file "indx.php" beside scenario.yaml, did you mean "index.php"?`},
		{"unused file", "{config: small.conf}", "{config: pool.conf}",
			"one/small.conf: this file is not used by any stage or fix: delete it, or name it in scenario.yaml"},
		{"fault of lab's own", "{config: small.conf}", "{config: small.conf, fault: refuse, delay: 1s}",
			"one/scenario.yaml:13: fault does not apply to a real server, whose configuration and application decide how it " +
				"behaves: remove it"},
		{"tls", "unix:///lab/run/php.sock", "tls://127.0.0.1:9000", `one/scenario.yaml:8: listen: "tls://127.0.0.1:9000": a ` +
			`real server can listen only at tcp:// or unix://`},
		{"no user", "user: www-data", "user: www data", `one/scenario.yaml:6: user: "www data" is not a user name such as www-data`},
		{"user not taken into use", "apply: [check, reload]", "apply: [restart-backend]", `one/scenario.yaml:20: fix ` +
			`"other-user" changes nginx's configuration, but no step puts it into effect: add apply: [check, reload]`},
		{"name of no folder", "    app: {config: small.conf}", "    app.v2: {config: small.conf}",
			`one/scenario.yaml:13: backend "app.v2": the name is used for a folder and a service`},
		{"command of no server's", "apply: [check, reload]", "apply: [run: '', check, reload]",
			"one/scenario.yaml:20: run: the command is missing: write it as run: systemctl status app"},
		{"output of no command", "backend_log: ['reached max_children']", "output: [{run: php -v, match: PHP}]",
			`one/scenario.yaml:16: output: no step runs the command "php -v"`},
		{"empty expression", "['reached max_children']", "['']", "one/scenario.yaml:16: an empty expression matches every line"},
	} {
		t.Run(row.name, func(t *testing.T) {
			text := strings.Replace(withServer, row.old, row.new, 1)
			if text == withServer {
				t.Fatalf("%q is not in the sound scenario", row.old)
			}
			_, err := Load(serverFolder(text))
			var mistakes strict.Mistakes
			if !errors.As(err, &mistakes) {
				t.Fatalf("got %v, want mistakes", err)
			}
			if !slices.ContainsFunc(mistakes, func(m strict.Mistake) bool { return strings.HasPrefix(m.String(), row.want) }) {
				t.Errorf("got\n%v\nwant among them\n%s", err, row.want)
			}
		})
	}
	files := serverFolder(withServer)
	files["one/large.conf"] = &fstest.MapFile{Data: []byte(strings.Repeat("#", maxFile))}
	for _, name := range []string{"a.conf", "b.conf", "c.conf", "d.conf"} {
		files["one/"+name] = files["one/large.conf"]
	}
	if _, err := Load(files); err == nil ||
		!strings.Contains(err.Error(), "one/scenario.yaml: together the files beside scenario.yaml have more than 1048576 bytes") {
		t.Errorf("large files: %v", err)
	}
	text := strings.Replace(sound, "  log:", "  backend_log: [x]\n  log:", 1)
	if _, err := Load(folder(text)); err == nil ||
		!strings.Contains(err.Error(), "backend_log is the log of a real server, but the scenario has no server") {
		t.Errorf("a log of no server: %v", err)
	}
}
