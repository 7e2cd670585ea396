//go:build unix && !race

package explain

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Reading a log may take at most three times as long as `grep -E` takes with the same
// alternatives, in the locale in which grep is fastest. The short form of the test compares
// CPU times, which do not depend on how busy the machine is; lab uses every core, grep only
// one. The long form, with a gigabyte, compares elapsed times.
func TestNearGrep(t *testing.T) {
	grep, err := exec.LookPath("grep")
	if err != nil {
		t.Skip("no grep to compare with")
	}
	if testing.Short() {
		t.Skip("it measures")
	}
	const most, rounds = 3.0, 3
	long := os.Getenv("LAB_SOAK") != ""
	size, times := 64<<20, 5
	if long {
		size, times = 1<<30, 9
	}
	folder := t.TempDir()
	log, patterns := filepath.Join(folder, "error.log"), filepath.Join(folder, "patterns")
	writeLog(t, log, size)
	b, cores := book(t), runtime.GOMAXPROCS(0)
	if err := os.WriteFile(patterns, []byte(alternatives(b)), 0o644); err != nil {
		t.Fatal(err)
	}
	for round := 1; ; round++ {
		var passed, onCPU [2]time.Duration // of lab and of grep; the shortest counts, because other work can only add time
		for i := range times {
			cmd := exec.Command(grep, "-cE", "-f", patterns, log)
			cmd.Env = append(os.Environ(), "LC_ALL=C")
			began := time.Now()
			out, err := cmd.Output()
			theirs := [2]time.Duration{time.Since(began), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
			if err != nil {
				t.Fatalf("grep: %v", err)
			}
			began = time.Now()
			before := used(t)
			s := summarised(t, b, cores, log)
			ours := [2]time.Duration{time.Since(began), (used(t) - before) / time.Duration(cores)}
			if strconv.FormatInt(s.Recognised, 10) != strings.TrimSpace(string(out)) || s.Recognised != s.Entries {
				t.Fatalf("%d recognised of %d, grep %s", s.Recognised, s.Entries, out)
			}
			for j, now := range []([2]time.Duration){ours, theirs} {
				if i == 0 || now[0] < passed[j] {
					passed[j] = now[0]
				}
				if i == 0 || now[1] < onCPU[j] {
					onCPU[j] = now[1]
				}
			}
		}
		speed := func(d time.Duration) float64 { return float64(size) / d.Seconds() / 1e6 }
		wall, cpu := float64(passed[0])/float64(passed[1]), float64(onCPU[0])/float64(onCPU[1])
		t.Logf("lab %.0f MB/s, grep %.0f MB/s: %.2f times the time, %.2f times the CPU of %d cores", speed(passed[0]), speed(passed[1]),
			wall, cpu, cores)
		if long && wall <= most || !long && cpu <= most {
			return
		}
		if round == rounds {
			t.Fatalf("more than %.0f times what grep takes, %d times measured", most, rounds)
		}
	}
}

// used returns the CPU time of this process.
func used(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// alternatives returns the expressions of the signatures in grep's syntax, one per line. The
// message is not at the beginning of a complete line.
func alternatives(b *Book) string {
	anchors := regexp.MustCompile(`(^|[(|])\^|\$($|[)|])`)
	words := strings.NewReplacer(`\d`, "[0-9]", `\w`, "[A-Za-z0-9_]", `\S`, "[^ ]", "(?s:.*)", ".*")
	var list strings.Builder
	for _, s := range b.set.All {
		list.WriteString(words.Replace(anchors.ReplaceAllString(s.Match.String(), "$1$2")) + "\n")
	}
	return list.String()
}

func summarised(t testing.TB, b *Book, workers int, path string) Summary {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := b.NewReader(workers, false)
	if err := r.Read(t.Context(), path, f); err != nil {
		t.Fatal(err)
	}
	return r.Summary()
}
