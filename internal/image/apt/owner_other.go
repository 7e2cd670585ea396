//go:build !linux

package apt

func (h *Host) chown(string) error { return nil }
