//go:build linux || darwin

package image

import "syscall"

// free returns how many bytes the user may still write in a directory.
func free(dir string) (uint64, bool) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(dir, &stat); err != nil {
		return 0, false
	}
	return stat.Bavail * uint64(stat.Bsize), true
}
