package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"
)

// minimal is the least that a program with lab's command line library can be.
const minimal = `package main

import (
	"os"

	"github.com/urfave/cli/v2"
)

func main() {
	if err := (&cli.App{Name: "minimal", Usage: "print this help"}).Run(os.Args); err != nil {
		os.Exit(1)
	}
}
`

// What answers at once must start in three times the minimal program's time at most.
// Other work on the machine only ever adds: the fastest of many runs is compared, and
// a measurement that fails is repeated.
func TestStartup(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds lab")
	}
	const most, times, rounds = 3.0, 31, 3
	lab, minimal := built(t, "lab", "."), built(t, "minimal", written(t, minimal))
	programs := [][]string{{minimal, "--help"}, {lab, "--help"}, {lab, "list"}}
	for round := 1; ; round++ {
		took, cpu := fastest(t, programs, times)
		ratio := func(i int) float64 { return float64(took[i]) / float64(took[0]) }
		t.Logf("the minimal program %s (CPU %s); lab --help %s (%s), %.2f times; lab list %s (%s), %.2f times",
			took[0], cpu[0], took[1], cpu[1], ratio(1), took[2], cpu[2], ratio(2))
		if ratio(1) <= most && ratio(2) <= most {
			return
		}
		if round == rounds {
			t.Fatalf("more than %.0f times the minimal program's time, %d times measured", most, rounds)
		}
	}
}

// fastest runs the programs in turn and returns the shortest times of each.
func fastest(t *testing.T, programs [][]string, times int) (took, cpu []time.Duration) {
	t.Helper()
	took, cpu = slices.Repeat([]time.Duration{time.Hour}, len(programs)), slices.Repeat([]time.Duration{time.Hour}, len(programs))
	for range times {
		for i, program := range programs {
			cmd := exec.Command(program[0], program[1:]...)
			began := time.Now()
			if err := cmd.Run(); err != nil {
				t.Fatalf("%q: %v", program, err)
			}
			took[i] = min(took[i], time.Since(began))
			cpu[i] = min(cpu[i], cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
		}
	}
	return took, cpu
}

// written is the path of a program's source. Outside every module it is built with
// the libraries of this one, since the go command runs here.
func written(t *testing.T, source string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(path, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func built(t *testing.T, name, source string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	if text, err := exec.Command("go", "build", "-o", path, source).CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", name, err, text)
	}
	return path
}
