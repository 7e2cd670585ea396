package docker

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/registry"
)

// credentials finds the credentials that `docker login` has stored in the configuration for
// the registry of ref, and encodes them for the API. If auth is "", the pull is anonymous. If
// a credential helper has the credentials, lab does not use them, and returns the helper's
// name for the error message.
func credentials(ref string) (auth, helper string, err error) {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return "", "", nil // ref is an id, which has no registry
	}
	config, err := readConfig()
	if err != nil {
		return "", "", err
	}
	domain := reference.Domain(named)
	for key, entry := range config.Auths {
		if !sameRegistry(key, domain) {
			continue
		}
		found := registry.AuthConfig{Username: entry.Username, Password: entry.Password, IdentityToken: entry.IdentityToken,
			ServerAddress: key}
		if entry.Auth != "" {
			plain, err := base64.StdEncoding.DecodeString(entry.Auth)
			user, password, ok := strings.Cut(string(plain), ":")
			if err != nil || !ok {
				return "", "", fmt.Errorf("the entry %q of auths in the Docker configuration is not base64 of user:password", key)
			}
			found.Username, found.Password = user, strings.TrimRight(password, "\x00")
		}
		if found.Username == "" && found.IdentityToken == "" {
			continue // a helper leaves an empty entry in the configuration
		}
		auth, err = registry.EncodeAuthConfig(found)
		return auth, "", err
	}
	for key, name := range config.CredHelpers {
		if sameRegistry(key, domain) {
			return "", name, nil
		}
	}
	return "", config.CredsStore, nil
}

// sameRegistry compares a key of the configuration with the domain of an image name. The key
// may be a URL from version 1 of the registry protocol. The key of the default registry begins
// with "index.".
func sameRegistry(key, domain string) bool {
	if _, rest, ok := strings.Cut(key, "://"); ok {
		key = rest
	}
	key, _, _ = strings.Cut(key, "/")
	return key == domain || key == "index."+domain
}
