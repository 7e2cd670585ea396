package image_test

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/image"
	"github.com/gatewaylab/lab/internal/image/apt"
	"github.com/gatewaylab/lab/internal/image/imagetest"
)

// A real assembly from packages: the image on the engine must have one layer, with everything
// that nginx needs to start and nothing that is to be left out.
func TestAssemble(t *testing.T) {
	e, info := imagetest.Engine(t)
	if missing := apt.Missing(); len(missing) > 0 {
		t.Skipf("SKIPPED: this machine has no %s", strings.Join(missing, ", "))
	}
	var steps []string
	source := image.Source{Engine: e, Info: info, Report: func(p engine.Progress) {
		if step := strings.Fields(p.What)[0]; !slices.Contains(steps, step) {
			steps = append(steps, step)
		}
	}}
	recipe := image.Nginx()
	recipe.Repository = "lab-test/assemble"
	// The label has a different value, so that a lab that runs at the same time does not use
	// this image.
	recipe.Changes = append(recipe.Changes, "LABEL "+engine.LabelImage+"=test")
	began := time.Now()
	name, err := source.Assemble(t.Context(), recipe)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, e, name) })
	img, err := e.Image(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %.1f s, %.1f MB, steps %v", name, time.Since(began).Seconds(), float64(img.Bytes)/1e6, steps)

	if !strings.HasPrefix(name, "lab-test/assemble:1.") {
		t.Errorf("name %q has no nginx version", name)
	}
	if img.Arch != info.Arch || img.Bytes < 10e6 || img.Bytes > 60e6 {
		t.Errorf("arch %s, %d bytes", img.Arch, img.Bytes)
	}
	if !strings.Contains(img.Labels[image.LabelPackages], " nginx=1.") || len(img.Labels[image.LabelDigest]) != 64 {
		t.Errorf("labels %v", img.Labels)
	}
	if i, j := slices.Index(steps, "unpacking"), slices.Index(steps, "importing"); i < 0 || j < i {
		t.Errorf("steps %v", steps)
	}
	checkLayer(t, e, name)
}

func checkLayer(t *testing.T, e engine.Images, name string) {
	files := map[string]tar.Header{}
	content := map[string]string{}
	err := imagetest.Layer(t.Context(), e, name, func(layer *tar.Reader) error {
		for {
			header, err := layer.Next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			path := strings.TrimSuffix(header.Name, "/")
			if _, twice := files[path]; twice {
				t.Errorf("%s is in the layer twice", path)
			}
			files[path] = *header
			if path == "etc/passwd" {
				text, _ := io.ReadAll(layer)
				content[path] = string(text)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]tar.Header{
		"bin":                           {Typeflag: tar.TypeSymlink, Linkname: "usr/bin", Mode: 0o777},
		"sbin":                          {Typeflag: tar.TypeSymlink, Linkname: "usr/sbin", Mode: 0o777},
		"lib":                           {Typeflag: tar.TypeSymlink, Linkname: "usr/lib", Mode: 0o777},
		"tmp":                           {Typeflag: tar.TypeDir, Mode: 0o1777},
		"usr/sbin/nginx":                {Typeflag: tar.TypeReg, Mode: 0o755},
		"usr/bin/busybox":               {Typeflag: tar.TypeReg, Mode: 0o755},
		"usr/bin/sh":                    {Typeflag: tar.TypeSymlink, Linkname: "busybox", Mode: 0o777},
		"etc/nginx/nginx.conf":          {Typeflag: tar.TypeReg, Mode: 0o644},
		"etc/host.conf":                 {Typeflag: tar.TypeReg, Mode: 0o644},
		"var/log/nginx":                 {Typeflag: tar.TypeDir, Mode: 0o755, Uid: 33},
		"var/lib/nginx/proxy":           {Typeflag: tar.TypeDir, Mode: 0o700, Uid: 33},
		"usr/share/doc/nginx/copyright": {Typeflag: tar.TypeReg, Mode: 0o644},
	} {
		got, ok := files[path]
		if !ok || got.Typeflag != want.Typeflag || got.Linkname != want.Linkname || got.Mode&0o7777 != want.Mode || got.Uid != want.Uid {
			t.Errorf("%s: type %c mode %o uid %d link %q, present %v", path, got.Typeflag, got.Mode, got.Uid, got.Linkname, ok)
		}
	}
	// The package iproute2 contains ip, and busybox must not replace it.
	if ip := files["usr/bin/ip"]; ip.Typeflag != tar.TypeReg {
		t.Errorf("usr/bin/ip is %q", ip.Linkname)
	}
	for path := range files {
		if strings.HasPrefix(path, "bin/") || strings.HasPrefix(path, "lib/") || strings.HasPrefix(path, "usr/share/man") ||
			strings.HasPrefix(path, "etc/init.d") {
			t.Errorf("%s should not be in the layer", path)
		}
	}
	if !strings.Contains(content["etc/passwd"], "\nwww-data:x:33:33:") {
		t.Errorf("passwd: %q", content["etc/passwd"])
	}
}

func remove(t *testing.T, e engine.Images, ref string) {
	t.Helper()
	// The context of the test has ended when its clean-up runs.
	if err := e.RemoveImage(context.WithoutCancel(t.Context()), ref); err != nil && !errors.Is(err, engine.ErrNotFound) {
		t.Error(err)
	}
}
