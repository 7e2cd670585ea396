// Benchmarks times lab against the same work by hand and against lab without its warm
// containers, in one run, and how its cost grows. What counts is the ratios: machines
// differ, and so does one machine from minute to minute.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/fixtures/backends/server"
)

const (
	document = "docs/benchmarks.md"
	script   = "benchmarks/one-scenario.sh"
	compose  = "benchmarks/one-scenario-compose.sh"
	shop     = "benchmarks/twelve-locations"
)

func main() {
	rounds := flag.Int("n", 3, "rounds; the median counts")
	quick := flag.Bool("quick", false, "leave out what takes many minutes: fresh containers, and how the cost grows")
	write := flag.Bool("write", false, "write the tables to "+document)
	flag.Parse()
	if err := bench(*rounds, *quick, *write); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// row is one measurement.
type row struct {
	what, command string
	times         []time.Duration
	trials        int // 0: not trials of lab's
	scenarios     int
}

func (r row) median() time.Duration {
	times := slices.Sorted(slices.Values(r.times))
	return times[len(times)/2]
}

func bench(rounds int, quick, write bool) error {
	folder, err := os.MkdirTemp("", "lab-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	lab := filepath.Join(folder, "lab")
	if _, err := run("go", "build", "-o", lab, "./cmd/lab"); err != nil {
		return err
	}
	// Warm: the agent compiled, the image present.
	warm, err := labRun(lab, "wrong-port")
	if err != nil {
		return err
	}
	image := warm.Image.Name

	byHand := row{what: "one scenario and one fix, by hand", command: "sh " + script + " " + image}
	withCompose := row{what: "the same with compose", command: "sh " + compose + " " + image + " " + strings.Join(composeCommand(), " ")}
	single := row{what: "one scenario with lab, all its fixes and wrong fixes", command: "lab run wrong-port", trials: warm.Counts.Trials}
	plain := row{what: "the scenarios with lab's own backends", command: "lab run " + ownBackends()}
	all := row{what: "the catalogue", command: "lab run"}
	own := row{what: "every statement of lab's own guide", command: "lab guide verify docs/guide.md --claims guides/guide.yaml"}
	recording := row{what: "a configuration of twelve locations under every fault", command: "lab config record " + shop}
	checking := row{what: "whether it still behaves so", command: "lab config check " + shop}
	for range rounds {
		for _, r := range []*row{&byHand, &withCompose, &single, &plain, &all, &own, &recording, &checking} {
			words := strings.Fields(r.command)
			if r == &withCompose && len(composeCommand()) == 0 {
				continue
			}
			took, seen, err := timed(lab, words)
			if err != nil {
				return err
			}
			r.times = append(r.times, took)
			if words[0] == "lab" {
				r.trials, r.scenarios = max(seen.Counts.Trials, seen.Trials), seen.Counts.Scenarios.Verified
			}
		}
	}
	plain.what = fmt.Sprintf("%d scenarios, all of lab's own backends", plain.scenarios)
	all.what = fmt.Sprintf("the catalogue, %d scenarios, real servers among them", all.scenarios)
	last, err := labRun(lab, "--timings")
	if err != nil {
		return err
	}
	rows := []row{byHand}
	if len(withCompose.times) > 0 {
		rows = append(rows, withCompose)
	}
	rows = append(rows, single, plain, all, own, recording, checking)
	if !quick {
		took, trials, err := runFresh(last.Timings.Parallel)
		if err != nil {
			return fmt.Errorf("with fresh containers: %w", err)
		}
		rows = append(rows, row{what: fmt.Sprintf("the trials of those %d scenarios, each on a fresh pair of "+
			"containers", plain.scenarios), command: "go run ./benchmarks", times: []time.Duration{took}, trials: trials})
	}
	version, _ := run("docker", "version", "--format", "{{.Server.Version}}")
	machine := fmt.Sprintf("%d cores, engine %s, nginx %s, %s, median of %d; images "+
		"present", runtime.NumCPU(), strings.TrimSpace(version), last.Nginx.Version, runtime.Version(), rounds)
	first := table(rows, byHand.median()) + "\n(" + machine + ".)\n"
	text := "# How fast\n\nWritten by `go run ./benchmarks -write`, all in one run: compare the ratios, not the seconds.\n\n" + first
	if !quick {
		grown, err := growth(lab)
		if err != nil {
			return err
		}
		text += "\n" + growthHead + "\n\n" + grown
	} else if old, err := os.ReadFile(document); err == nil {
		text += earlier(string(old))
	}
	text += "\n## How near to the limit\n\n" + limit(last)
	fmt.Print(text)
	if !write {
		return nil
	}
	return os.WriteFile(document, []byte(text), 0o644)
}

const (
	growthHead  = "## How the cost grows"
	fromEarlier = "(Of an earlier run: -quick leaves this out.)\n"
)

// earlier is the section that -quick leaves out, as the document has it.
func earlier(old string) string {
	_, section, found := strings.Cut(old, growthHead+"\n\n")
	if !found {
		return ""
	}
	section, _, _ = strings.Cut(section, "\n## ")
	return "\n" + growthHead + "\n\n" + fromEarlier + "\n" + strings.TrimPrefix(section, fromEarlier+"\n")
}

// timed runs a command of a row.
func timed(lab string, words []string) (time.Duration, report, error) {
	if words[0] == "lab" && words[1] == "config" {
		// The behaviour file stays out of the repository.
		words = append(words[1:], "-q", "--file", filepath.Join(filepath.Dir(lab), "nginx.lab.yaml"))
		began := time.Now()
		_, err := run(lab, words...)
		return time.Since(began), report{}, err
	}
	if words[0] == "lab" {
		seen, err := labReport(lab, words[1:]...)
		return seen.wall, seen, err
	}
	began := time.Now()
	_, err := run(words[0], words[1:]...)
	return time.Since(began), report{}, err
}

// report is what is read of lab's JSON.
type report struct {
	wall   time.Duration // of the process
	Trials int           // of a guide; a run counts them in Counts
	Image  struct{ Name string }
	Nginx  struct{ Version string }

	Counts struct {
		Trials    int
		Scenarios struct{ Verified int }
	}
	Timings struct {
		Parallel, Cores, Trials   int
		Testbed, BareNginx, Limit protocol.Duration
		Overlap, Ratio            float64
		Sum                       struct{ Waits protocol.Duration }
		Servers                   map[string]struct {
			Count   int
			Fastest protocol.Duration
		}
	}
}

func labRun(lab string, args ...string) (report, error) {
	return labReport(lab, append([]string{"run"}, args...)...)
}

// labReport runs a command of lab's that can report, and reads its report.
func labReport(lab string, args ...string) (report, error) {
	var r report
	path := filepath.Join(filepath.Dir(lab), "report.json")
	began := time.Now()
	if _, err := run(lab, append(slices.Clone(args), "-q", "--report", "json="+path)...); err != nil {
		return r, err
	}
	wall := time.Since(began)
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	r.wall = wall
	return r, err
}

// growth runs one scenario, all, all ten times, and all with more and more trials at
// the same time.
func growth(lab string) (string, error) {
	var b strings.Builder
	fmt.Fprintln(&b, "| command | trials | s | ms for each trial |\n| --- | --- | --- | --- |")
	own := ownBackends()
	for _, args := range []string{"wrong-port", own, own + " --repeat 10", own + " --parallel 1", own + " --parallel 2",
		own + " --parallel 4", own + " --parallel 8", ""} {
		r, err := labRun(lab, strings.Fields(args)...)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "| `%s` | %d | %.2f | %.0f |\n", strings.TrimSpace("lab run "+args), r.Counts.Trials, r.wall.Seconds(),
			float64(r.wall.Milliseconds())/float64(r.Counts.Trials))
	}
	return b.String(), nil
}

// ownBackends selects the scenarios without real servers.
func ownBackends() string { return "--skip " + strings.Join(server.Names(), ",") }

func limit(r report) string {
	t := r.Timings
	var starts []string
	for _, name := range slices.Sorted(maps.Keys(t.Servers)) {
		starts = append(starts, fmt.Sprintf("%d of %s at %s", t.Servers[name].Count, name, rounded(t.Servers[name].Fastest)))
	}
	return fmt.Sprintf("`lab run --timings`: first testbed %s, waits %s in %d trials (a fault's delays, nginx's timeouts, reloads), a "+
		"bare loop of nginx, one request and kill %s, %d trials at a time on %d cores, where %d such loops side by side do the work of "+
		"%.2f; starts of real servers, each at the fastest of the run: %s. "+
		"The limit is first testbed + waits / %d + (trials x 1.5 x bare nginx + those starts) / %.2f = %s; the run took %.2f times as "+
		"long.\n",
		rounded(t.Testbed), rounded(t.Sum.Waits), t.Trials, rounded(t.BareNginx), t.Parallel, t.Cores, t.Parallel, t.Overlap, strings.Join(starts, ", "), t.Parallel, t.Overlap, rounded(t.Limit), t.Ratio)
}

func rounded(d protocol.Duration) string {
	if d.D() < time.Second {
		return d.D().Round(100 * time.Microsecond).String()
	}
	return d.D().Round(10 * time.Millisecond).String()
}

func table(rows []row, unit time.Duration) string {
	var b strings.Builder
	fmt.Fprintln(&b, "| what | command | s | in scripts | ms for each trial |\n| --- | --- | --- | --- | --- |")
	for _, r := range rows {
		each := ""
		if r.trials > 0 {
			each = fmt.Sprintf("%.0f", float64(r.median().Milliseconds())/float64(r.trials))
		}
		fmt.Fprintf(&b, "| %s | `%s` | %.2f | %.2f | %s |\n", r.what, r.command, r.median().Seconds(), r.median().Seconds()/unit.Seconds(),
			each)
	}
	return b.String()
}

// composeCommand is how compose is called here, nothing where it is not installed.
func composeCommand() []string {
	for _, command := range [][]string{{"docker", "compose"}, {"docker-compose"}} {
		if exec.Command(command[0], append(command[1:], "version")...).Run() == nil {
			return command
		}
	}
	return nil
}

func run(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	var errors strings.Builder
	cmd.Stderr = &errors
	output, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, errors.String())
	}
	return string(output), nil
}
