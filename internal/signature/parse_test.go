package signature

import (
	"testing"

	"github.com/gatewaylab/lab/internal/nginx"
)

func parsed(t testing.TB, raw []byte) nginx.Line {
	t.Helper()
	var l nginx.Line
	if _, ok := nginx.Next(raw, &l); !ok {
		t.Fatalf("no entry: %q", raw)
	}
	return l
}
