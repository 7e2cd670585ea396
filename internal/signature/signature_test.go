package signature

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/scenarios"
)

var update = flag.Bool("update", false, "write testdata/known.tsv again")

func loaded(t testing.TB) *Set {
	t.Helper()
	set, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// line is a line that nginx writes.
type line struct {
	level, message string
	versions       []string // the versions of nginx, if known
	statuses       []string // the statuses that clients got, if known
	scenario       string
}

// rows returns the fields of each line in a file, without comments.
func rows(t testing.TB, path string, fields int) [][]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]string
	for row := range strings.Lines(string(text)) {
		if f := strings.SplitN(strings.TrimSuffix(row, "\n"), "\t", fields); len(f) == fields {
			all = append(all, f)
		} else if !strings.HasPrefix(row, "#") {
			t.Fatalf("%s: %q has not %d fields", path, row, fields)
		}
	}
	if len(all) == 0 {
		t.Fatalf("%s: nothing", path)
	}
	return all
}

func lines(t testing.TB) []line {
	t.Helper()
	var all []line
	for _, l := range scenarios.Recorded() {
		all = append(all, line{level: l.Level, message: l.Message, scenario: l.Scenario})
	}
	for _, f := range rows(t, "testdata/measured.tsv", 5) {
		all = append(all, line{level: f[0], message: strings.ReplaceAll(f[4], `\n`, "\n"), versions: strings.Split(f[1], ","),
			statuses: strings.Split(f[3], ",")})
	}
	for _, f := range rows(t, "testdata/written.tsv", 3) {
		all = append(all, line{level: f[0], message: f[2]})
	}
	return all
}

// noFailure has lines of nginx that are not about a failure.
func noFailure(message string) bool { return strings.Contains(message, "buffered to a temporary file") }

// dialects changes a line to what other builds of nginx write: the texts of error numbers in
// musl, and the texts and codes of other versions of OpenSSL.
var dialects = map[string]*strings.Replacer{
	"glibc, OpenSSL 3.0": strings.NewReplacer(),
	"musl": strings.NewReplacer("Connection timed out", "Operation timed out", "No route to host", "Host is unreachable",
		"Network is unreachable", "Network unreachable", "Cannot assign requested address", "Address not available",
		"Too many open files", "No file descriptors available", "Address already in use", "Address in use",
		"Transport endpoint is not connected", "Socket not connected"),
	"OpenSSL 3.2": strings.NewReplacer("sslv3 alert", "ssl/tls alert"),
	"OpenSSL 1.1.1": strings.NewReplacer("error:0A000", "error:14094", "SSL routines::", "SSL routines:ssl3_read_bytes:",
		"self-signed certificate", "self signed certificate"),
	"OpenSSL 1.0.2": strings.NewReplacer("error:0A000", "error:14094", "SSL routines::", "SSL routines:SSL3_READ_BYTES:",
		"self-signed certificate", "self signed certificate"),
}

// Every line must be recognized, in every dialect alike, and only by its own signature, unless
// two signatures are declared as ambiguous.
func TestEveryLineIsKnown(t *testing.T) {
	set := loaded(t)
	for _, l := range lines(t) {
		own := ids(set.MatchMessage(l.message))
		if noFailure(l.message) {
			if len(own) > 0 {
				t.Errorf("%q is no failure, and known as %v", l.message, own)
			}
			continue
		}
		if len(own) == 0 {
			t.Errorf("unknown: [%s] %s", l.level, l.message)
			continue
		}
		for dialect, words := range dialects {
			if got := ids(set.MatchMessage(words.Replace(l.message))); !slices.Equal(got, own) {
				t.Errorf("%v in general, in %s %v: %s", own, dialect, got, words.Replace(l.message))
			}
		}
		for _, one := range own {
			for _, other := range own {
				if one != other && !slices.Contains(set.Find(one).Ambiguous, other) {
					t.Errorf("%s and %s both match %q, and are not said to be ambiguous", one, other, l.message)
				}
			}
		}
	}
}

func ids(found []*Signature) []string {
	var list []string
	for _, s := range found {
		list = append(list, s.ID)
	}
	return list
}

// testdata/known.tsv shows which line belongs to which signature, and must be read when it
// changes. Each signature must have a line in it.
func TestKnownLines(t *testing.T) {
	const path = "testdata/known.tsv"
	set := loaded(t)
	var got []string
	for _, l := range lines(t) {
		row := strings.Join(ids(set.MatchMessage(l.message)), ",") + "\t[" + l.level + "] " + strings.ReplaceAll(l.message, "\n", `\n`) +
			"\n"
		if !slices.Contains(got, row) {
			got = append(got, row)
		}
	}
	slices.Sort(got)
	text := strings.Join(got, "")
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s is not what is known now; look at the difference after -update", path)
	}
	for _, s := range set.All {
		if !strings.Contains("\n"+text, "\n"+s.ID+"\t") {
			t.Errorf("%s: no line in testdata is its own", s.ID)
		}
	}
}

// The levels must be those that were seen, for each version.
func TestLevels(t *testing.T) {
	set := loaded(t)
	for _, l := range lines(t) {
		for _, s := range set.MatchMessage(l.message) {
			for _, version := range append(l.versions, "") {
				if !s.WrittenAt(l.level, version) {
					t.Errorf("%s: seen at %s (nginx %s), and said to be at %v", s.ID, l.level, version, s.Levels)
				}
			}
		}
	}
	unknownName := set.Find("tls-alert-unrecognized-name")
	for _, c := range []struct {
		level, version string
		want           bool
	}{{"crit", "1.30.4", true}, {"error", "1.30.4", false}, {"error", "1.31.0", true}, {"crit", "1.31.5", false}, {"crit", "",
		true}, {"warn", "", false}} {
		if got := unknownName.WrittenAt(c.level, c.version); got != c.want {
			t.Errorf("%s on nginx %s: %t", c.level, c.version, got)
		}
	}
}

// elsewhere has statuses that a measurement had for another reason than the line: the retry
// failed in another way, another request of the same measurement failed, or an error page was
// sent instead.
var elsewhere = map[string][]string{
	"connection-refused":           {"500", "504"}, // the service that auth_request asks; the timeout of the other server
	"socket-backlog-full":          {"504"},        // the requests that did enter the queue
	"read-timeout":                 {"502", "raw-cut"},
	"no-live-upstreams":            {"503", "504"},
	"header-too-big":               {"200"}, // with proxy_next_upstream invalid_header
	"no-status-line":               {"2", "raw-cut"},
	"invalid-chunked":              {"raw-cut"},
	"temp-file-denied":             {"raw-cut"},
	"disk-full":                    {"raw-cut"},
	"client-closed-request":        {"raw-cut"},
	"ephemeral-ports-exhausted":    {"raw-cut"},
	"client-reset":                 {"502"},
	"fastcgi-stderr":               {"502"},
	"rate-limited":                 {"429"}, // limit_req_status
	"worker-connections-exhausted": {"502"}, // nginx as its own client
	"resolver-unreachable":         {},
	"tls-client-failed":            {"502"}, // nginx on both sides
	"host-not-found-at-start":      {"200"}, // after a failed reload the old configuration stays
	"upstream-disabled":            {"200", "502", "503", "504"},
}

// The statuses that clients got must be the ones in the signature.
func TestStatuses(t *testing.T) {
	set := loaded(t)
	for _, l := range lines(t) {
		for _, s := range set.MatchMessage(l.message) {
			for _, status := range l.statuses {
				plain, cut := strings.CutSuffix(status, "-cut")
				said := strings.Contains(s.Status, plain) && (!cut || strings.Contains(s.Status, "cut"))
				if !said && !(s.Retried && status == "200") && !slices.Contains(elsewhere[s.ID], status) {
					t.Errorf("%s: clients got %s, and it says %q: %s", s.ID, status, s.Status, l.message)
				}
			}
		}
	}
}

// Memory must return the same as Set.
func TestMemory(t *testing.T) {
	set := loaded(t)
	memory := set.Memory()
	for range 2 {
		for _, l := range lines(t) {
			raw := []byte("2026/11/22 20:00:00 [" + l.level + "] 7#7: *3 " + l.message +
				`, client: 127.0.0.1, server: , request: "GET / HTTP/1.1"`)
			got := parsed(t, raw)
			if found, want := ids(memory.Match(&got)), ids(set.MatchMessage(l.message)); !slices.Equal(found, want) {
				t.Errorf("%v, want %v: %s", found, want, raw)
			}
		}
	}
}

func parsed(t testing.TB, raw []byte) nginx.Line {
	t.Helper()
	var l nginx.Line
	if _, ok := nginx.Next(raw, &l); !ok {
		t.Fatalf("no entry: %q", raw)
	}
	return l
}

func TestMistakesHaveALine(t *testing.T) {
	const good = "- id: a\n  title: t\n  match: x\n  levels: [error]\n  status: \"502\"\n  means: m\n  look_alikes: [{id: b, tell: t}]\n"
	other := strings.NewReplacer("id: a", "id: b", "id: b", "id: a").Replace(good)
	for name, c := range map[string]struct{ text, want string }{
		"sound": {good + other, ""},
		"unknown field": {good + strings.Replace(other, "means", "meens", 1),
			`signatures/x.yaml:13: unknown field "meens", did you mean "means"?`},
		"expression": {good + strings.Replace(other, "match: x", "match: '('", 1), "signatures/x.yaml:10: error parsing regexp"},
		"every line": {good + strings.Replace(other, "match: x", "match: 'x*'", 1),
			`signatures/x.yaml:8: the signature "b" must have a match`},
		"level": {good + strings.Replace(other, "[error]", "[eror]", 1),
			`signatures/x.yaml:11: "eror" is not a log level of nginx, did you mean "error"?`},
		"version":    {good + strings.Replace(other, "[error]", "[error <new]", 1), `"new" is not a version of nginx`},
		"versions":   {good + strings.Replace(other, "[error]", "[error maybe]", 1), `"error maybe" is not a level`},
		"twice":      {good + other + good, `signatures/x.yaml:15: the id "a" appears twice`},
		"look-alike": {good, `signatures/x.yaml:1: the signature "a" names "b", and there is no other signature`},
		"nothing": {good + strings.Replace(other, "  means: m\n", "", 1),
			`the signature "b" must have title, means, status, levels and look_alikes`},
		"id with a blank": {strings.Replace(good, "id: a", "id: A b", 1) + strings.Replace(other, "id: a", "id: b", 1),
			`the id "A b" may contain only lowercase`},
	} {
		_, err := load(fstest.MapFS{"x.yaml": {Data: []byte(c.text)}})
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// Expressions must not use words of a C library or of OpenSSL.
func TestNoForeignWords(t *testing.T) {
	for _, s := range loaded(t).All {
		for _, words := range []string{"refused", "reset by", "No such", "Permission", "sslv3", "tlsv1", "self.signed", "wrong version",
			"expired"} {
			if strings.Contains(s.Match.String(), words) {
				t.Errorf("%s matches on %q", s.ID, words)
			}
		}
	}
}
