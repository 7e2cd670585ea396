// Benchmarks times lab against the same work by hand, in one run, and prints
// ratios: machines differ, and so does one machine from minute to minute.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

func main() {
	rounds := flag.Int("n", 3, "rounds; the median counts")
	flag.Parse()
	if err := bench(*rounds); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(rounds int) error {
	folder, err := os.MkdirTemp("", "lab-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	lab := filepath.Join(folder, "lab")
	if _, err := run("go", "build", "-o", lab, "./cmd/lab"); err != nil {
		return err
	}
	// Warm: the agent compiled, the image present. The name of the image is the
	// first of those that lab keeps.
	if _, err := run(lab, "run", "wrong-port", "-q"); err != nil {
		return err
	}
	images, err := run(lab, "images", "list", "-o", "name")
	if err != nil {
		return err
	}
	image := strings.Fields(images + " nginx")[0]
	scenarios, err := run(lab, "list", "-o", "name")
	if err != nil {
		return err
	}

	script := []string{"sh", "benchmarks/one-scenario.sh", image}
	one := []string{lab, "run", "wrong-port", "-q"}
	all := []string{lab, "run", "-q"}
	var times [3][]time.Duration
	for range rounds {
		for i, command := range [][]string{script, one, all} {
			started := time.Now()
			if _, err := run(command[0], command[1:]...); err != nil {
				return err
			}
			times[i] = append(times[i], time.Since(started))
		}
	}
	byHand, single, catalogue := median(times[0]), median(times[1]), median(times[2])
	docker, _ := run("docker", "version", "--format", "{{.Server.Version}}")
	fmt.Printf("%d cores, engine %s, %s, median of %d\n\n", runtime.NumCPU(), strings.TrimSpace(docker), runtime.Version(), rounds)
	fmt.Println("| what | command | s | in scripts |")
	fmt.Println("| --- | --- | --- | --- |")
	for _, row := range []struct {
		what, command string
		took          time.Duration
	}{
		{"one scenario by hand, one fix", "benchmarks/one-scenario.sh " + image, byHand},
		{"one scenario with lab, all its fixes and wrong fixes", "lab run wrong-port", single},
		{fmt.Sprintf("the catalogue, %d scenarios", len(strings.Fields(scenarios))), "lab run", catalogue},
	} {
		fmt.Printf("| %s | `%s` | %.2f | %.2f |\n", row.what, row.command, row.took.Seconds(), row.took.Seconds()/byHand.Seconds())
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

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}
