package guides_test

import (
	"os"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/signature"
)

// `lab explain` sends its readers to the guide, each to the cause that was found.
func TestOwnGuideTreatsEveryCause(t *testing.T) {
	set, err := signature.Load()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../docs/guide.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range set.All {
		if n := strings.Count(string(text), `<a id="`+s.ID+`"></a>`); n != 1 {
			t.Errorf("docs/guide.md has %d anchors %q", n, s.ID)
		}
	}
}
