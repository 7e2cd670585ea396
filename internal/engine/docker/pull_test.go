package docker

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/registry"

	"github.com/gatewaylab/lab/internal/engine"
)

// These are lines that engines really send. Only real progress must be reported: neither
// waiting nor a layer that is fetched a second time.
func TestPullProgress(t *testing.T) {
	stream := `{"status":"Pulling from library/nginx","id":"1.28.0"}
{"status":"Pulling fs layer","progressDetail":{},"id":"aaa"}
{"status":"Pulling fs layer","progressDetail":{},"id":"bbb"}
{"status":"Waiting","progressDetail":{},"id":"bbb"}
{"status":"Downloading","progressDetail":{"current":10,"total":100},"id":"aaa"}
{"status":"Downloading","progressDetail":{"current":50,"total":100},"id":"aaa"}
{"status":"Retrying in 5 seconds","progressDetail":{},"id":"aaa"}
{"status":"Downloading","progressDetail":{"current":20,"total":100},"id":"aaa"}
{"status":"Downloading","progressDetail":{"current":40,"total":300},"id":"bbb"}
{"status":"Download complete","progressDetail":{},"id":"aaa"}
{"status":"Download complete","progressDetail":{},"id":"bbb"}
{"status":"Extracting","progressDetail":{"current":60,"total":100},"id":"aaa"}
{"status":"Pull complete","progressDetail":{},"id":"aaa"}
{"status":"Digest: sha256:0"}
`
	var got []string
	sum := tally{ref: "x", layers: map[string]*layer{}}
	if err := eachMessage(strings.NewReader(stream), func(m message) {
		if p, moved := sum.add(m); moved {
			got = append(got, fmt.Sprintf("%s %d/%d", p.What, p.Done, p.Total))
		}
	}); err != nil {
		t.Fatal(err)
	}
	want := "pulling x 0/0, pulling x 0/0, pulling x 10/100, pulling x 50/100, pulling x 60/400, pulling x 140/400, " +
		"unpacking x 0/400, unpacking x 60/400, unpacking x 100/400"
	if text := strings.Join(got, ", "); text != want {
		t.Errorf("%s\nwant\n%s", text, want)
	}
}

func TestErrorsInTheStream(t *testing.T) {
	for stream, want := range map[string]string{
		`{"status":"x"}{"errorDetail":{"message":"unexpected EOF"},"error":"unexpected EOF"}`: "unexpected EOF",
		`{"error":"only the old field"}`: "only the old field",
		`{"status":"cut o`:               "reading the engine's progress",
	} {
		if err := eachMessage(strings.NewReader(stream), func(message) {}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", stream, err)
		}
	}
}

func TestCredentials(t *testing.T) {
	auth := base64.StdEncoding.EncodeToString([]byte("me:secret:with:colons"))
	config(
		t,
		`{"auths":{"https://registry.test/v1/":{"auth":"`+auth+`"},"empty.test":{},"bad.test":{"auth":"!"}},"credsStore":"keychain","credHelpers":{"helped.test":"cloud"}}`,
	)
	encoded, helper, err := credentials("registry.test/team/app:1")
	if err != nil || helper != "" {
		t.Fatal(err, helper)
	}
	got, err := registry.DecodeAuthConfig(encoded)
	if err != nil || got.Username != "me" || got.Password != "secret:with:colons" {
		t.Errorf("%+v, %v", got, err)
	}
	for ref, want := range map[string]string{"helped.test/app:1": "cloud", "empty.test/app": "keychain", "nginx:1.28.0": "keychain"} {
		if auth, helper, err := credentials(ref); auth != "" || helper != want || err != nil {
			t.Errorf("%s: %q %q %v", ref, auth, helper, err)
		}
	}
	if _, _, err := credentials("bad.test/app"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

func TestSameRegistry(t *testing.T) {
	for key, want := range map[string]bool{"https://index.registry.test/v1/": true, "registry.test": true, "http://registry.test": true,
		"x.registry.test": false, "registry.test:5000": false} {
		if sameRegistry(key, "registry.test") != want {
			t.Errorf("%s: %v", key, !want)
		}
	}
}

func TestNamesThatLeaveTheURL(t *testing.T) {
	e := &Engine{}
	for _, ref := range []string{"../containers/json?x=", "", "Upper:1", "a b"} {
		if _, err := e.Image(t.Context(), ref); err == nil {
			t.Errorf("%q was looked up", ref)
		}
		if err := e.RemoveImage(t.Context(), ref); err == nil {
			t.Errorf("%q was removed", ref)
		}
		if err := e.Pull(t.Context(), ref, "", func(engine.Progress) {}); err == nil {
			t.Errorf("%q was pulled", ref)
		}
	}
}
