package docker

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/docker/docker/client"
	"github.com/docker/go-connections/tlsconfig"
)

// endpoint is the address of an engine, and the certificates that prove who we are.
type endpoint struct {
	host       string
	from       string // where the address comes from: "DOCKER_HOST", `context "prod"`, …
	certs      string // the directory with ca.pem, cert.pem and key.pem; "" means no TLS
	skipVerify bool
}

// findEndpoint decides in the same order as the docker command: DOCKER_HOST overrides every
// context, and DOCKER_CONTEXT overrides the configured context. The SDK itself only knows
// DOCKER_HOST.
func findEndpoint() (endpoint, error) {
	if host := os.Getenv("DOCKER_HOST"); host != "" {
		end := endpoint{host: host, from: "DOCKER_HOST", certs: os.Getenv("DOCKER_CERT_PATH")}
		verify := os.Getenv("DOCKER_TLS_VERIFY") != ""
		if verify && end.certs == "" {
			end.certs = configDir()
		}
		end.skipVerify = !verify
		return end, nil
	}
	name, from := os.Getenv("DOCKER_CONTEXT"), "DOCKER_CONTEXT"
	if name == "" {
		config, err := readConfig()
		if err != nil {
			return endpoint{}, err
		}
		name, from = config.CurrentContext, "current"
	}
	if name == "" || name == "default" {
		return endpoint{host: client.DefaultDockerHost, from: "the default socket"}, nil
	}
	return contextEndpoint(name, from)
}

func contextEndpoint(name, from string) (endpoint, error) {
	sum := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(sum[:])
	root := filepath.Join(configDir(), "contexts")
	text, err := readSmall(filepath.Join(root, "meta", id, "meta.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return endpoint{}, fmt.Errorf("there is no context %q (%s) in %s; `docker context ls` lists the contexts, and "+
			"DOCKER_CONTEXT=default uses none of them", name, from, root)
	}
	if err != nil {
		return endpoint{}, fmt.Errorf("reading the context %q: %w", name, err)
	}
	var meta struct {
		Endpoints map[string]struct {
			Host          string
			SkipTLSVerify bool
		}
	}
	if err := json.Unmarshal(text, &meta); err != nil {
		return endpoint{}, fmt.Errorf("reading the context %q: %w", name, err)
	}
	docker := meta.Endpoints["docker"]
	if docker.Host == "" {
		return endpoint{}, fmt.Errorf("the context %q (%s) has no docker endpoint", name, from)
	}
	end := endpoint{host: docker.Host, from: fmt.Sprintf("context %q", name), skipVerify: docker.SkipTLSVerify}
	if certs := filepath.Join(root, "tls", id, "docker"); exists(certs) {
		end.certs = certs
	}
	return end, nil
}

// tlsConfig returns nil if the endpoint has no certificates. The transport then uses plain
// HTTP, which is right for sockets and for the rare TCP port without TLS.
func (e endpoint) tlsConfig() (*tls.Config, error) {
	if e.certs == "" || !strings.HasPrefix(e.host, "tcp://") {
		return nil, nil
	}
	options := tlsconfig.Options{ExclusiveRootPools: true, InsecureSkipVerify: e.skipVerify}
	// A context may contain only a CA, or only a client certificate.
	if ca := filepath.Join(e.certs, "ca.pem"); exists(ca) {
		options.CAFile = ca
	}
	if cert := filepath.Join(e.certs, "cert.pem"); exists(cert) {
		options.CertFile, options.KeyFile = cert, filepath.Join(e.certs, "key.pem")
	}
	return tlsconfig.Client(options)
}

// sshRemedy returns an error for ssh:// addresses, which the SDK cannot connect to. The error
// contains the command for a tunnel that makes the address an ordinary socket. For other
// addresses it returns the error of the caller.
func sshRemedy(host string) error {
	u, err := url.Parse(host)
	if err != nil {
		return err
	}
	target, remote, port := u.Hostname(), u.Path, ""
	if u.User != nil {
		target = u.User.Username() + "@" + target
	}
	if remote == "" || remote == "/" {
		remote = "/var/run/docker.sock"
	}
	if u.Port() != "" {
		port = "-p " + u.Port() + " "
	}
	local := filepath.Join(os.TempDir(), "lab-engine.sock")
	return fmt.Errorf("lab cannot connect to ssh:// addresses: open a tunnel with `ssh -nNT %s-L %s:%s %s` and set DOCKER_HOST=unix://%s",
		port, local, remote, target, local)
}

// cliConfig has the settings of the docker command's config.json that lab uses.
type cliConfig struct {
	CurrentContext string `json:"currentContext"`
	Auths          map[string]struct {
		Auth          string `json:"auth"`
		Username      string `json:"username"`
		Password      string `json:"password"`
		IdentityToken string `json:"identitytoken"`
	} `json:"auths"`
	CredsStore  string            `json:"credsStore"`
	CredHelpers map[string]string `json:"credHelpers"`
}

func readConfig() (cliConfig, error) {
	var config cliConfig
	path := filepath.Join(configDir(), "config.json")
	text, err := readSmall(path)
	if errors.Is(err, fs.ErrNotExist) {
		return config, nil
	}
	if err != nil {
		return config, err
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return config, fmt.Errorf("reading %s: %w", path, err)
	}
	return config, nil
}

func configDir() string {
	if dir := os.Getenv("DOCKER_CONFIG"); dir != "" {
		return dir
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ".docker" // there is no home directory: a relative path that does not exist
	}
	return filepath.Join(home, ".docker")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// readSmall reads a file, and refuses one that is too large to be a configuration.
func readSmall(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > 1<<20 {
		return nil, fmt.Errorf("%s has %d bytes, which is too large for a configuration", path, info.Size())
	}
	return os.ReadFile(path)
}
