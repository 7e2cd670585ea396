//go:build linux || darwin

package image

import "syscall"

// free is the space that the user may still fill in a directory.
func free(dir string) (uint64, bool) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(dir, &stat); err != nil {
		return 0, false
	}
	return stat.Bavail * uint64(stat.Bsize), true
}
