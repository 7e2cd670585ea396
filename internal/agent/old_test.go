package agent

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestDropOld(t *testing.T) {
	folder := t.TempDir()
	old, young := filepath.Join(folder, "old"), filepath.Join(folder, "young")
	for path, age := range map[string]time.Duration{old: keepAgents + time.Hour, young: keepAgents - time.Hour} {
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
	}
	dropOld(folder)
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("the old agent is still there: %v", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("the young agent is gone: %v", err)
	}
}
