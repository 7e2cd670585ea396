package apt

import "os"

// chown gives a file to the user that apt runs as. Only tests run apt as another user.
func (h *Host) chown(path string) error {
	if h.attr == nil || h.attr.Credential == nil {
		return nil
	}
	return os.Chown(path, int(h.attr.Credential.Uid), int(h.attr.Credential.Gid))
}
