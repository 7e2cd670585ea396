package image

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"path"
	"slices"
	"strconv"
	"strings"
)

// abi is what the dynamic linker's cache says of an architecture's libraries.
type abi struct {
	triplet string
	flags   uint32 // FLAG_ELF_LIBC6 and the architecture's own, of glibc's dl-cache.h
}

var abis = map[string]abi{
	"amd64": {"x86_64-linux-gnu", 0x0303},
	"arm64": {"aarch64-linux-gnu", 0x0a03},
}

// ldCache is /etc/ld.so.cache for what names puts into the libraries' directory; nil
// where there is nothing to list. Without it each start of a program looks for each
// library through a dozen directories that are not there, which ldconfig, run by a
// maintainer script, would have spared it. A library that it lacks is still found.
//
// The format is glibc's "new" one: a header, entries, strings. It has the host's byte
// order; both architectures here are little endian.
func ldCache(arch string, names []string) []byte {
	abi, known := abis[arch]
	var libs []string
	for _, name := range names {
		dir, lib := path.Split(name)
		if known && dir == "usr/lib/"+abi.triplet+"/" && isLib(lib) {
			libs = append(libs, lib)
		}
	}
	if len(libs) == 0 {
		return nil
	}
	// The linker looks a name up by bisection: another order loses libraries.
	slices.SortFunc(libs, func(a, b string) int { return cmp.Or(compareLibs(b, a), strings.Compare(b, a)) })

	const header, entry = 48, 24
	dir := "/lib/" + abi.triplet + "/" // as ldconfig writes it on a merged /usr
	start := header + entry*len(libs)
	var entries, paths []byte
	for _, lib := range libs {
		value := uint32(start + len(paths))
		entries = binary.LittleEndian.AppendUint32(entries, abi.flags)
		entries = binary.LittleEndian.AppendUint32(entries, value+uint32(len(dir))) // the key: the end of the value
		entries = binary.LittleEndian.AppendUint32(entries, value)
		entries = append(entries, make([]byte, 12)...) // OS version and hardware: any
		paths = append(paths, dir+lib+"\x00"...)
	}
	head := []byte("glibc-ld.so.cache1.1")
	head = binary.LittleEndian.AppendUint32(head, uint32(len(libs)))
	head = binary.LittleEndian.AppendUint32(head, uint32(len(paths)))
	head = append(head, 2) // little endian
	head = append(head, make([]byte, header-len(head))...)
	return bytes.Join([][]byte{head, entries, paths}, nil)
}

func isLib(name string) bool {
	return strings.HasPrefix(name, "ld-linux") || strings.HasPrefix(name, "lib") && strings.Contains(name, ".so.")
}

// compareLibs is glibc's order: runs of digits as numbers, and after everything else.
func compareLibs(a, b string) int {
	for a != "" && b != "" {
		m, n := digits(a), digits(b)
		x, y := int(a[0]), int(b[0])
		if m > 0 && n > 0 {
			x, _ = strconv.Atoi(a[:m])
			y, _ = strconv.Atoi(b[:n])
		} else if m+n > 0 {
			return cmp.Compare(m, n)
		}
		if x != y {
			return cmp.Compare(x, y)
		}
		a, b = a[max(m, 1):], b[max(n, 1):]
	}
	return cmp.Compare(len(a), len(b))
}

func digits(s string) int { return len(s) - len(strings.TrimLeft(s, "0123456789")) }
