package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatewaylab/lab/internal/labtest"
)

// An image that is not nginx: exit code 3, once and not per scenario, and it is named.
func TestImageThatIsNotNginx(t *testing.T) {
	e := labtest.Engine(t)
	info, err := e.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const name = "lab-test/not-nginx:1"
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	if err := errors.Join(w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "tmp/", Mode: 0o777}), w.Close()); err != nil {
		t.Fatal(err)
	}
	if err := e.Import(t.Context(), name, "linux/"+info.Arch, []string{`CMD ["/bin/true"]`}, &layer); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.RemoveImage(context.Background(), name); err != nil {
			t.Error(err)
		}
	})
	lab, err := exec.LookPath("lab")
	if err != nil {
		t.Fatal(err)
	}
	cache := filepath.Join(t.TempDir(), "cache")
	labtest.ShareAgent(t, info.Arch, cache)
	run := exec.Command(lab, "run", "wrong-port", "--nginx", name)
	run.Env = append(os.Environ(), "LAB_CACHE="+cache)
	var stdout, stderr bytes.Buffer
	run.Stdout, run.Stderr = &stdout, &stderr
	err = run.Run()
	var failed *exec.ExitError
	if !errors.As(err, &failed) || failed.ExitCode() != 3 {
		t.Errorf("%v, want exit code 3", err)
	}
	if text := stderr.String(); strings.Count("\n"+text, "\nlab: ") != 1 || !strings.Contains(text, `the image "`+name+`" cannot be used`) {
		t.Errorf("stderr: %s", text)
	}
	if stdout.Len() > 0 {
		t.Errorf("stdout: %s", stdout.String())
	}
}
