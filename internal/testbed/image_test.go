package testbed_test

import (
	"archive/tar"
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/engine/docker"
	"github.com/gatewaylab/lab/internal/image/imagetest"
	"github.com/gatewaylab/lab/internal/labtest"
	"github.com/gatewaylab/lab/internal/testbed"
	"github.com/gatewaylab/lab/internal/trial"
)

// Someone's own image: other paths, USER 101, logs that are links to the
// container's output, no shell.
func TestAnImageLaidOutOtherwise(t *testing.T) {
	t.Parallel()
	e := labtest.Engine(t)
	ref, cleanup, err := imagetest.Relaid(t.Context(), e, labtest.Image(t, e).Name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cleanup)
	b := startOn(t, e, ref, "")
	info := b.Nginx()
	if info.Path != "/opt/nginx/sbin/nginx" || info.User != "app" || info.UID != 101 || info.GID != 101 {
		t.Errorf("%+v", info)
	}
	// Its workers open a socket that is theirs, and none of another's: they are 101.
	unix := "unix:///lab/run/app.sock"
	conf := strings.ReplaceAll(proxied, "127.0.0.1:3000", "unix:/lab/run/app.sock")
	for owner, want := range map[string]int{"nginx": 200, "101:0": 200, "102:102": 502} {
		seen := b.run(t, simple(conf, app(protocol.Backend{Listen: unix, Owner: owner, Mode: "0600"})))
		if got := status(seen, 0); got != want {
			t.Errorf("a socket of %s: %d, want %d: %+v", owner, got, want, seen.Phases[0].Log)
		}
	}
	// The whole way of a fix, with its evidence from the logs.
	stage := trial.Stage{Nginx: "nginx.conf", Backends: app(protocol.Backend{})}
	wrong := simple(strings.Replace(proxied, "3000", "8080", 1), stage.Backends)
	own := stage
	own.Nginx = "own.conf"
	wrong.Phases = append(wrong.Phases, phase(own, "check", "reload"))
	seen := b.run(t, wrong)
	first := seen.Phases[0].Answers[0]
	if first.Client.Status != 502 || first.Access == nil || len(first.Log) != 1 ||
		!strings.Contains(first.Log[0].Message, "connect() failed (111") {
		t.Errorf("broken: %+v", first)
	}
	if s := seen.Phases[1].Steps; !s[0].Check.OK || !s[1].Reload.Done || status(seen, 1) != 200 {
		t.Errorf("fixed: %+v", seen.Phases[1])
	}
}

// importOf makes an image that holds one file.
func importOf(t *testing.T, e *docker.Engine, path string, content []byte) string {
	t.Helper()
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	if err := w.WriteHeader(&tar.Header{Name: path, Mode: 0o755, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(content)
	_ = w.Close()
	ref := fmt.Sprintf("lab-test/one-file:%d", time.Now().UnixNano())
	info, err := e.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Import(t.Context(), ref, "linux/"+info.Arch, nil, &layer); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.RemoveImage(context.Background(), ref) })
	return ref
}

func TestImagesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	e := labtest.Engine(t)
	foreign, machine := elf.EM_AARCH64, "arm64"
	if runtime.GOARCH == "arm64" {
		foreign, machine = elf.EM_X86_64, "amd64"
	}
	for name, test := range map[string]struct {
		path    string
		content []byte
		want    []string
	}{
		"no nginx": {"hello", []byte("hello\n"), []string{"no nginx in this image: lab looked in its PATH (",
			"/usr/local/sbin/nginx"}},
		"not a program": {"usr/sbin/nginx", []byte("hello\n"), []string{"/usr/sbin/nginx is not a program for the " +
			"engine's machine: use the image for linux/"}},
		"for " + machine: {"usr/sbin/nginx", header(foreign), []string{"/usr/sbin/nginx is not a program for the engine's " +
			"machine: use the image for linux/"}},
		"no interpreter": {"usr/sbin/nginx", []byte("#!/bin/sh\n"),
			[]string{"/usr/sbin/nginx -V does not print what nginx prints", "no such file"}},
		"a program of ours": {"usr/sbin/nginx", labtest.Equipment(t, e, "").Agent,
			[]string{"/usr/sbin/nginx -V does not print what nginx prints", "unknown role"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ref := importOf(t, e, test.path, test.content)
			_, err := testbed.Start(t.Context(), labtest.Equipment(t, e, ref), 1, testbed.Kind{}) // which checks that nothing is left
			for _, want := range append(test.want, fmt.Sprintf("the image %q cannot be used: ", ref)) {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("Start = %v, want %q", err, want)
				}
			}
		})
	}
	t.Run("no such image", func(t *testing.T) {
		_, err := testbed.Start(t.Context(), labtest.Equipment(t, e, "lab-test/none:1"), 1, testbed.Kind{})
		if err == nil || !strings.Contains(err.Error(), "lab-test/none:1") {
			t.Errorf("Start = %v", err)
		}
	})
}

// header is that of a program for the machine, as much of it as the kernel reads.
func header(machine elf.Machine) []byte {
	var b bytes.Buffer
	h := elf.Header64{Type: uint16(elf.ET_EXEC), Machine: uint16(machine), Version: 1, Ehsize: 64, Phentsize: 56, Phoff: 64}
	copy(h.Ident[:], elf.ELFMAG+"\x02\x01\x01")
	_ = binary.Write(&b, binary.LittleEndian, h)
	return append(b.Bytes(), make([]byte, 200)...)
}
