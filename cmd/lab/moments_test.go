//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/labtest"
)

// anchors are lines of a run's stderr by which the moments of its life are found:
// preparing, starting testbeds, trials, retiring and closing, writing reports.
var anchors = []string{"", "\nengine: ", "\nrun: ", "\ntrials: ", "stays for the next run"}

// moment is a time in a run's life.
type moment struct {
	anchor string
	after  time.Duration
}

func (m moment) String() string { return fmt.Sprintf("%s after %q", m.after, m.anchor) }

// moments draws n of them from the whole life: as many from each part, since the
// short ones are where most can go wrong. A run that goes to its end shows how long
// each part is here.
func moments(t *testing.T, n int, cache string, ids []string) []moment {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("%s: %v", seedVariable, err)
		}
	}
	t.Logf("to repeat these moments: %s=%d", seedVariable, seed)
	random := rand.New(rand.NewPCG(seed, 0))
	reached := []time.Duration{}
	began := time.Now()
	p := launch(t, cache, append([]string{"run", "-v", "-o", "json"}, ids...)...)
	for _, text := range anchors {
		if _, ok := p.hears(text); !ok && text != "" {
			t.Fatalf("no line %q: %s", text, p.stderr())
		}
		reached = append(reached, time.Since(began))
	}
	if code := p.code(); code != 0 {
		t.Fatalf("a run that nobody stops exits with %d: %s", code, p.stderr())
	}
	reached[0] = 0
	reached = append(reached, time.Since(began))
	t.Logf("a run's parts begin and end at %v", reached)
	var all []moment
	first := random.IntN(len(anchors)) // where there are fewer moments than parts
	for i := range n {
		part := (first + i) % len(anchors)
		// Beyond the part's end, too: no two runs are equally long.
		span := (reached[part+1] - reached[part]) * 11 / 10
		all = append(all, moment{anchors[part], time.Duration(random.Int64N(int64(span) + 1))})
	}
	return all
}

// locks names the lock files of a cache.
func locks(t *testing.T, cache string) (runs []string) {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(cache, "runs"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, f := range files {
		runs = append(runs, strings.TrimSuffix(f.Name(), ".lock"))
	}
	return runs
}

// nothingLeft wants nothing of a run on the engine.
func nothingLeft(t *testing.T, run, when string) {
	t.Helper()
	if run == "" {
		return
	}
	if containers, networks := left(t, run); len(containers)+len(networks) > 0 {
		t.Errorf("%s: left of the run %q: %v %v", when, run, containers, networks)
	}
}

// noVolumeLeft wants no anonymous volume more than there was when it was called, once
// the test is over. A volume knows nothing of its run: one without containers is what
// a run would leave.
func noVolumeLeft(t *testing.T) {
	t.Helper()
	unused := func() []string {
		output, err := exec.Command("docker", "volume", "ls", "-q", "-f", "dangling=true").Output()
		if err != nil {
			t.Logf("NOT TESTED that no volume is left, the docker command does not work: %v", err)
		}
		return strings.Fields(string(output))
	}
	before := unused()
	t.Cleanup(func() {
		// Another test's volume is without containers for a moment, while it is removed.
		more := unused()
		for wait := 0; wait < 100 && len(more) > 0; wait++ {
			now := unused()
			more = slices.DeleteFunc(more, func(name string) bool { return slices.Contains(before, name) || !slices.Contains(now, name) })
			if len(more) > 0 {
				time.Sleep(100 * time.Millisecond)
			}
		}
		if len(more) > 0 {
			t.Errorf("volumes without containers that were not there before: %v", more)
		}
	})
}

func TestInterruptAtRandomMoments(t *testing.T) {
	t.Parallel()
	cache, folder, ids := cacheWithAgent(t), t.TempDir(), selected(t)
	noVolumeLeft(t)
	counts := map[string]int{}
	for i, m := range moments(t, labtest.Soak(4, 50), cache, ids) {
		when := fmt.Sprintf("moment %d (%s)", i, m)
		file := filepath.Join(folder, fmt.Sprint(i, ".json"))
		p := launch(t, cache, append([]string{"run", "-v", "-o", "json", "--report", "json=" + file}, ids...)...)
		p.stop(m, syscall.SIGINT)
		code := p.code()
		run := p.run()
		nothingLeft(t, run, when)
		if left := locks(t, cache); len(left) > 0 {
			t.Errorf("%s: locks left: %v", when, left)
			_ = os.RemoveAll(filepath.Join(cache, "runs"))
		}
		_, begun := p.hears(anchors[1])
		if !begun && code == 130 && p.stdout.Len() == 0 && p.stderr() == "" {
			counts["before lab could hear of it"]++ // a process that has just been started
			continue
		}
		report, verified, err := wholeReport(p.stdout.Bytes(), ids)
		written, missing := os.ReadFile(file)
		if err := errors.Join(err, missing); err != nil {
			t.Errorf("%s: exit code %d: %v\n%s", when, code, err, p.stderr())
			continue
		}
		if !bytes.Equal(written, p.stdout.Bytes()) {
			t.Errorf("%s: the report that was written differs from the one on stdout", when)
		}
		switch {
		case verified == len(ids): // it was over, or has ended while the signal came
			counts["all verified"]++
			if report.ExitCode != 0 || code != 0 && code != 130 {
				t.Errorf("%s: all verified, and exit code %d, %d in the report", when, code, report.ExitCode)
			}
		case code != 130 || report.ExitCode != 130:
			t.Errorf(
				"%s: %d of %d verified, exit code %d, %d in the report: %s",
				when,
				verified,
				len(ids),
				code,
				report.ExitCode,
				p.stderr(),
			)
		case verified == 0:
			counts["nothing verified"]++
		default:
			counts["some verified"]++
		}
	}
	t.Logf("reports: %v", counts)
}
