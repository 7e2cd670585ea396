package explain

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/signature"
	"github.com/gatewaylab/lab/scenarios"
)

// said has the recorded error lines of the catalogue, with their levels and messages.
func said(t testing.TB) [][2]string {
	t.Helper()
	var all [][2]string
	for _, l := range scenarios.Recorded() {
		all = append(all, [2]string{l.Level, l.Message})
	}
	if len(all) == 0 {
		t.Fatal("no recorded lines")
	}
	return all
}

// writeLog writes a log of about the given size. Its lines are recorded ones, with many
// clients and requests, so that no two lines are alike.
func writeLog(t testing.TB, path string, size int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, random := said(t), rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for written, n := 0, 0; written < size; {
		b.Reset()
		for range 4096 {
			l := lines[random.IntN(len(lines))]
			n++
			s := n / 50
			fmt.Fprintf(&b, "2026/11/%02d %02d:%02d:%02d [%s] 7#7: *%d %s, client: 203.0.%d.%d, server: shop.example, "+
				"request: \"GET /cart/%d?x=%d HTTP/1.1\", upstream: \"http://127.0.0.1:%d/cart\", host: \"shop.example\"\n",
				1+s/86400%28, s/3600%24, s/60%60, s%60, l[0], n, l[1], random.IntN(4), random.IntN(256), random.IntN(2000), n,
				3000+random.IntN(4))
		}
		wrote, err := f.Write(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		written += wrote
	}
}

func book(t testing.TB) *Book {
	t.Helper()
	set, err := signature.Load()
	if err != nil {
		t.Fatal(err)
	}
	all, err := scenario.Load(scenarios.FS)
	if err != nil {
		t.Fatal(err)
	}
	return NewBook(set, all, scenarios.Recorded(), func(string) *LastRun { return nil })
}
