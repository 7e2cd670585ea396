package labtest

import (
	"os"
	"testing"
	"time"
)

// Each kind of load must do its work and leave nothing behind. If LAB_LOAD is set to a time
// span, all kinds of load run for so long, so that something else can be tried at the same
// time:
// LAB_LOAD=10m go test -count=1 -timeout 0 -run TestBusy ./internal/labtest
func TestBusy(t *testing.T) {
	lasts := 2 * time.Second
	if text := os.Getenv("LAB_LOAD"); text != "" {
		span, err := time.ParseDuration(text)
		if err != nil {
			t.Fatalf("LAB_LOAD: %v", err)
		}
		lasts = min(span, loadLimit)
	}
	stop := Busy(t, Loads...)
	time.Sleep(lasts)
	work := stop()
	t.Logf("rounds: %v", work)
	for _, load := range Loads {
		if work[load] == 0 {
			t.Errorf("the load %s has done nothing in %s", load, lasts)
		}
	}
}
