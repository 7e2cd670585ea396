package image

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Greatest first, as ldconfig writes them: where one is out of its place, the linker's
// bisection misses it.
var ordered = []string{
	"libz.so.1.2.13", "libz.so.1", "libxtables.so.12", "libpcre2-16.so.0", "libpcre2-8.so.0",
	"libm.so.10", "libm.so.9", "libm.so.6", "libm.so.06", "libc.so.6", "libc-2.so.6", "ld-linux-x86-64.so.2",
}

func TestCompareLibs(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"libc.so.6", "libc.so.6", 0},
		{"libm.so.10", "libm.so.9", 1},
		{"libm.so.06", "libm.so.6", 0},
		{"liba1.so", "liba.so", 1},
		{"liba1.so", "libaz.so", 1}, // a digit is after a letter, unlike in ASCII
		{"libz.so.1", "libz.so", 1},
		{"libz.so.1", "libz.so.1.2", -1},
		{"libc.so.6", "libc-2.so.6", 1},
		{"ld-linux.so.2", "libc.so.6", -1},
		{"", "lib", -1},
	} {
		if got := compareLibs(c.a, c.b); got != c.want {
			t.Errorf("%q and %q: %d, want %d", c.a, c.b, got, c.want)
		}
		if got := compareLibs(c.b, c.a); got != -c.want {
			t.Errorf("%q and %q: %d, want %d", c.b, c.a, got, -c.want)
		}
	}
}

func TestLdCache(t *testing.T) {
	for arch, want := range map[string]struct {
		dir   string
		flags uint32
	}{"amd64": {"x86_64-linux-gnu", 0x0303}, "arm64": {"aarch64-linux-gnu", 0x0a03}} {
		names := []string{"usr/lib/libno.so.1", "usr/lib/" + want.dir + "/gconv/libno.so.1", "usr/lib/" + want.dir + "/libplain.so", "usr/lib/" + want.dir + "/gconv"}
		for _, lib := range ordered {
			names = append(names, "usr/lib/"+want.dir+"/"+lib)
		}
		cache := ldCache(arch, names)
		slices.Sort(names)
		if !bytes.Equal(cache, ldCache(arch, names)) {
			t.Errorf("%s: another order of names makes another cache", arch)
		}
		if n := binary.LittleEndian.Uint32(cache[20:]); string(cache[:20]) != "glibc-ld.so.cache1.1" || int(n) != len(ordered) {
			t.Fatalf("%s: %q, %d entries", arch, cache[:20], n)
		}
		text := func(at uint32) string { return string(cache[at : int(at)+bytes.IndexByte(cache[at:], 0)]) }
		for i, lib := range ordered {
			entry := cache[48+24*i:]
			flags, key, value := binary.LittleEndian.Uint32(entry), text(binary.LittleEndian.Uint32(entry[4:])), text(binary.LittleEndian.Uint32(entry[8:]))
			if flags != want.flags || key != lib || value != "/lib/"+want.dir+"/"+lib {
				t.Errorf("%s, entry %d: %#x %s %s, want %s", arch, i, flags, key, value, lib)
			}
		}
	}
	if got := ldCache("amd64", []string{"usr/lib/aarch64-linux-gnu/libc.so.6"}); got != nil {
		t.Errorf("without libraries: %q", got)
	}
	if got := ldCache("riscv64", []string{"usr/lib/riscv64-linux-gnu/libc.so.6"}); got != nil {
		t.Errorf("of an architecture whose flags are not known: %q", got)
	}
}

// What glibc itself reads from it.
func TestLdCacheAsLdconfigReadsIt(t *testing.T) {
	abi, known := abis[runtime.GOARCH]
	ldconfig := "/sbin/ldconfig" // often not in PATH
	if _, err := os.Stat(ldconfig); err != nil || !known {
		t.Skipf("SKIPPED: no ldconfig for %s here: %v", runtime.GOARCH, err)
	}
	var names, want []string
	for _, lib := range ordered {
		names = append(names, "usr/lib/"+abi.triplet+"/"+lib)
		want = append(want, lib+" => /lib/"+abi.triplet+"/"+lib)
	}
	slices.Reverse(names)
	file := filepath.Join(t.TempDir(), "ld.so.cache")
	if err := os.WriteFile(file, ldCache(runtime.GOARCH, names), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(ldconfig, "-p", "-C", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	kind := map[string]string{"amd64": " (libc6,x86-64)", "arm64": " (libc6,AArch64)"}[runtime.GOARCH]
	var got []string
	for line := range strings.Lines(string(out)) {
		if before, after, ok := strings.Cut(strings.TrimSpace(line), kind); ok {
			got = append(got, before+after)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("ldconfig reads\n%s", out)
	}
}
