package experiment_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/experiment"
	"github.com/gatewaylab/lab/internal/labtest"
	"github.com/gatewaylab/lab/internal/nginx"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/scenarios"
)

var update = flag.Bool("update", false,
	"record the log lines of scenarios that have none: go test ./internal/experiment -run Recorded -update")

// recorded returns the lines of scenarios/recorded.tsv. With the flag -update it first records
// those that are missing.
func recorded(t *testing.T) []scenarios.RecordedLine {
	t.Helper()
	if *update {
		return record(t)
	}
	return scenarios.Recorded()
}

// record runs the scenarios whose lines are missing and adds what nginx logged. It does not
// change other lines: to record a scenario again, remove its lines first.
func record(t *testing.T) []scenarios.RecordedLine {
	t.Helper()
	all := catalogue(t)
	lines := slices.DeleteFunc(scenarios.Recorded(), func(l scenarios.RecordedLine) bool {
		return !slices.ContainsFunc(all, func(s scenario.Scenario) bool { return s.ID == l.Scenario })
	})
	missing := slices.DeleteFunc(all, func(s scenario.Scenario) bool {
		return len(s.Symptom.Log) == 0 || slices.ContainsFunc(lines, func(l scenarios.RecordedLine) bool { return l.Scenario == s.ID })
	})
	if len(missing) > 0 {
		for _, r := range experiment.Run(t.Context(), labtest.Pool(t), missing, experiment.Options{Parallel: parallel}) {
			lines = append(lines, errorLines(r)...)
		}
	}
	slices.SortStableFunc(lines, func(a, b scenarios.RecordedLine) int { return strings.Compare(a.Scenario, b.Scenario) })
	if err := os.WriteFile("../../scenarios/recorded.tsv", []byte(scenarios.FormatRecorded(lines)), 0o644); err != nil {
		t.Fatal(err)
	}
	return lines
}

// errorLines returns the error lines of the broken state without duplicates.
func errorLines(r experiment.Result) []scenarios.RecordedLine {
	var lines []scenarios.RecordedLine
	for _, seen := range r.Trials {
		for _, p := range seen.Phases {
			for _, e := range p.Log {
				l := scenarios.RecordedLine{Scenario: r.ID, Level: e.Level, Message: strings.ReplaceAll(e.Message, "\n", " ")}
				if p.Name == experiment.BrokenPhase && e.AtLeast("error") && !slices.Contains(lines, l) {
					lines = append(lines, l)
				}
			}
		}
	}
	return lines
}

// dialects changes a line to what other builds of nginx write: the texts of error numbers in
// musl (in Alpine's images), and the texts and codes of older and newer versions of OpenSSL.
var dialects = map[string]*strings.Replacer{
	"glibc, OpenSSL 3.0": strings.NewReplacer(),
	"musl": strings.NewReplacer("Connection timed out", "Operation timed out", "No route to host", "Host is unreachable",
		"Network is unreachable", "Network unreachable", "Cannot assign requested address", "Address not available"),
	"OpenSSL 3.2": strings.NewReplacer("sslv3 alert", "ssl/tls alert"),
	"OpenSSL 1.1.1": strings.NewReplacer("error:0A000", "error:14094", "SSL routines::", "SSL routines:ssl3_read_bytes:",
		"self-signed certificate", "self signed certificate"),
}

func matches(s scenario.Scenario, level, message string) bool {
	return slices.ContainsFunc(s.Symptom.Log, func(p scenario.LogPattern) bool {
		return slices.Contains(p.Level, level) && p.Match.MatchString(message)
	})
}

// The patterns of each scenario must match its recorded lines in every dialect.
func TestRecordedLinesMatchInEveryDialect(t *testing.T) {
	lines := recorded(t)
	for _, s := range catalogue(t) {
		if len(s.Symptom.Log) > 0 && !slices.ContainsFunc(lines, func(l scenarios.RecordedLine) bool { return l.Scenario == s.ID }) {
			t.Errorf("%s: no log line is recorded; run go test ./internal/experiment -run Recorded -update", s.ID)
		}
		for _, l := range lines {
			if l.Scenario != s.ID {
				continue
			}
			for name, words := range dialects {
				if text := words.Replace(l.Message); !matches(s, l.Level, text) {
					t.Errorf("%s: no pattern matches %s's [%s] %s", s.ID, name, l.Level, text)
				}
			}
		}
	}
}

var (
	number = regexp.MustCompile(`\((\d+):|SSL alert number (\d+)|error:[0-9A-F]+([0-9A-F]{3}):`)
	doing  = regexp.MustCompile(` while ([a-zA-Z ]+)$`)
)

// key returns what distinguishes two failures in a line: the error number and what nginx was
// doing.
func key(message string) string {
	var parts []string
	if m := number.FindStringSubmatch(message); m != nil {
		parts = append(parts, strings.Join(m[1:], ""))
	} else {
		parts = append(parts, strings.Fields(message)[0]+strings.Fields(message)[1]+strings.Fields(message)[2])
	}
	if m := doing.FindStringSubmatch(message); m != nil {
		parts = append(parts, m[1])
	}
	return strings.Join(parts, " ")
}

// The patterns must match no recorded line of another failure.
func TestRecordedLinesOfOthersDoNotMatch(t *testing.T) {
	lines := recorded(t)
	own := map[string][]string{}
	for _, l := range lines {
		own[l.Scenario] = append(own[l.Scenario], key(l.Message))
	}
	for _, s := range catalogue(t) {
		for _, l := range lines {
			if matches(s, l.Level, l.Message) && !slices.Contains(own[s.ID], key(l.Message)) {
				t.Errorf("%s's patterns match a line of %s: [%s] %s", s.ID, l.Scenario, l.Level, l.Message)
			}
		}
	}
}

// The parser must split each recorded line in the right way.
func TestRecordedLinesParse(t *testing.T) {
	for _, l := range recorded(t) {
		raw := fmt.Sprintf(
			"2026/11/22 20:00:00 [%s] 7#7: *3 %s, client: 127.0.0.1, server: , request: \"GET / HTTP/1.1\", host: \"lab.test\"",
			l.Level,
			l.Message,
		)
		if e := nginx.ParseErrorLog(raw + "\n"); len(e) != 1 || e[0].Message != l.Message || e[0].Level != l.Level || e[0].Connection != 3 {
			t.Errorf("%q: %+v", raw, e)
		}
	}
}
