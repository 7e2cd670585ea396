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

// endpoint is where an engine listens, and how to prove who we are.
type endpoint struct {
	host       string
	from       string // what said so: "DOCKER_HOST", `context "prod"`, …
	certs      string // directory of ca.pem, cert.pem, key.pem; "" is no TLS
	skipVerify bool
}

// findEndpoint decides in the order of the docker command: DOCKER_HOST beats every
// context, DOCKER_CONTEXT beats the configured one. The SDK knows only DOCKER_HOST.
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
		return endpoint{}, fmt.Errorf("no context %q (%s) in %s; `docker context ls` lists them, DOCKER_CONTEXT=default leaves them aside", name, from, root)
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

// tlsConfig is nil where the endpoint has no certificates: the transport then speaks
// plain HTTP, which is right for sockets and for the rare open TCP port.
func (e endpoint) tlsConfig() (*tls.Config, error) {
	if e.certs == "" || !strings.HasPrefix(e.host, "tcp://") {
		return nil, nil
	}
	options := tlsconfig.Options{ExclusiveRootPools: true, InsecureSkipVerify: e.skipVerify}
	// A context may carry a CA alone, or a client certificate alone.
	if ca := filepath.Join(e.certs, "ca.pem"); exists(ca) {
		options.CAFile = ca
	}
	if cert := filepath.Join(e.certs, "cert.pem"); exists(cert) {
		options.CertFile, options.KeyFile = cert, filepath.Join(e.certs, "key.pem")
	}
	return tlsconfig.Client(options)
}

// sshRemedy is the error for ssh:// addresses, which the SDK cannot dial: the tunnel
// that makes them an ordinary socket is one command.
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
	return fmt.Errorf("ssh:// addresses cannot be dialled; open a tunnel with `ssh -nNT %s-L %s:%s %s` and set DOCKER_HOST=unix://%s", port, local, remote, target, local)
}

// cliConfig is the part of the docker command's config.json that lab honours.
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
		return ".docker" // no home at all: a relative path that does not exist
	}
	return filepath.Join(home, ".docker")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// readSmall refuses a file that is no configuration.
func readSmall(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > 1<<20 {
		return nil, fmt.Errorf("%s has %d bytes, more than any configuration", path, info.Size())
	}
	return os.ReadFile(path)
}
