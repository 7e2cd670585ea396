package testbed_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
)

// usage is what the two fixed processes of a container hold: descriptors, KiB of
// memory, and everything that was ever written to the trial's folder.
const usage = `set -- /proc/[0-9]*; echo $#
agent=$(pidof lab-agent agent | tr ' ' '\n' | sort -n | tail -1)
ls /proc/1/fd /proc/$agent/fd | wc -l
awk '/VmRSS/ {print $2}' /proc/$agent/status
du -sk /lab/trial | cut -f1
ls /lab/run | wc -l`

func numbers(t *testing.T, text string) []int {
	t.Helper()
	var all []int
	for _, f := range strings.Fields(text) {
		n, err := strconv.Atoi(f)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		all = append(all, n)
	}
	if len(all) != 5 {
		t.Fatalf("five numbers, not %q", text)
	}
	return all
}

// A testbed stays warm for a whole run: the last trial finds it as the first did.
func TestManyTrials(t *testing.T) {
	t.Parallel()
	const many = 200
	b := start(t, "")
	what := simple(proxied, app(protocol.Backend{}))
	b.run(t, what)
	first := [][]int{numbers(t, b.sh(t, inNginx, usage)), numbers(t, b.sh(t, inBackend, usage))}
	var took []time.Duration
	trials := func(n int) {
		for range n {
			began := time.Now()
			if seen := b.run(t, what); status(seen, 0) != 200 {
				t.Fatalf("trial %d: %+v", len(took), seen)
			}
			took = append(took, time.Since(began))
		}
	}
	trials(many)
	last := [][]int{numbers(t, b.sh(t, inNginx, usage)), numbers(t, b.sh(t, inBackend, usage))}
	// A process that has ended may not have been reaped yet; one that is left stays.
	for range 20 {
		if last[0][0] <= first[0][0] && last[1][0] <= first[1][0] {
			break
		}
		time.Sleep(100 * time.Millisecond)
		last = [][]int{numbers(t, b.sh(t, inNginx, usage)), numbers(t, b.sh(t, inBackend, usage))}
	}
	t.Logf("processes, descriptors, KiB of the agent, KiB of files, sockets: %v, after %d trials %v", first, many, last)
	for c, before := range first {
		after := last[c]
		// The agent's memory grows to its working size; it must not hold 200 trials.
		if after[0] > before[0] || after[1] > before[1]+2 || after[2] > before[2]+16<<10 || after[3] != before[3] || after[4] != 0 {
			t.Errorf("container %d: %v, after %d trials %v", c, before, many, after)
		}
	}
	// The fastest of each twenty: a busy machine makes trials slow, not fast. It may have
	// become busier meanwhile, and then more trials tell; a testbed that ages stays slow.
	early, late := slices.Min(took[:20]), slices.Min(took[many-20:])
	for tries := 0; late > 2*early && tries < 10; tries++ {
		trials(20)
		late = min(late, slices.Min(took[len(took)-20:]))
	}
	if late > 2*early {
		t.Errorf("a trial takes %s, and after %d others %s", early, many, late)
	}
}
