package apt

import (
	"strings"
	"testing"
)

func TestConfiguration(t *testing.T) {
	h := &Host{Dir: "/private", Arch: "arm64"}
	got := string(h.configuration(`APT "";
APT::Architecture "amd64";
APT::Architectures:: "amd64";
APT::Update::Post-Invoke "";
APT::Update::Post-Invoke:: "rm -f /var/cache/apt/archives/*.deb || true";
DPkg::Pre-Install-Pkgs:: "/usr/sbin/dpkg-preconfigure --apt || true";
aptcli::hooks::install:: "/usr/lib/hook";
Dir::State "var/lib/apt";
Dir::Cache::archives "archives/";
Dir::Etc::main "apt.conf";
Dir::Etc::sourcelist "sources.list";
Binary::apt-get::Dir::Etc::main "apt.conf";
Acquire::http::Proxy "http://127.0.0.1:3142";
Some::Command "sh -c "x"";
`))
	for _, want := range []string{
		`Acquire::http::Proxy "http://127.0.0.1:3142";`, `Dir::Etc::sourcelist "sources.list";`,
		`APT::Architecture "arm64";`, `Dir::Etc::main "/dev/null";`, `Dir::State "/private/";`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("%s is not in\n%s", want, got)
		}
	}
	for _, not := range []string{"nvoke", "Pre-Install", "hooks", `"amd64"`, `"var/lib/apt"`, `"archives/"`, "Binary", "Some::Command"} {
		if strings.Contains(got, not) {
			t.Errorf("%s is in\n%s", not, got)
		}
	}
}

func TestParse(t *testing.T) {
	const sum = "f5f60a5cdfd4e4eaa9438ade5078a57741a7a78d659fcb0c701204f523e8bd29"
	got, err := parse("'http://mirror.test/libx_4.4-2_amd64.deb' libcrypt1_1%3a4.4.33-2_amd64.deb 89464 SHA256:"+sum+"\n", "/cache")
	want := Package{Name: "libcrypt1", Version: "1:4.4.33-2", Arch: "amd64", File: "/cache/libcrypt1_1%3a4.4.33-2_amd64.deb", Bytes: 89464,
		SHA256: sum}
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	for _, text := range []string{
		"E: nothing", "'http://mirror.test/x' x.deb 10 SHA256:" + sum, "'http://mirror.test/x' ../a_1_all.deb 10 SHA256:" + sum,
		"'http://mirror.test/x' a_1_all.deb 10 MD5Sum:8d98f0c882f269aaee8437bcfe89346e",
	} {
		if got, err := parse(text, "/cache"); err == nil {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestTail(t *testing.T) {
	var got tail
	for range 1000 {
		_, _ = got.Write([]byte("W: something\n"))
	}
	_, _ = got.Write([]byte("E: the reason\n"))
	if text := got.String(); len(text) > 2*tailBytes || !strings.HasSuffix(text, "; E: the reason") {
		t.Errorf("%d bytes, ends %q", len(text), text[len(text)-30:])
	}
}
