package testbed_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/labtest"
	"github.com/gatewaylab/lab/internal/testbed"
)

// inspected is what the engine itself says of a container.
type inspected struct {
	AppArmorProfile string

	Config struct {
		User      string
		OpenStdin bool
		StdinOnce bool
		Tty       bool

		ExposedPorts map[string]any
	}
	HostConfig struct {
		AutoRemove, Privileged, PublishAllPorts, OomKillDisable bool

		NetworkMode, PidMode, IpcMode, UTSMode, UsernsMode, CgroupParent string

		Binds, CapAdd, CapDrop, SecurityOpt, Devices, DeviceRequests, DeviceCgroupRules, GroupAdd, Links, ExtraHosts []any

		PortBindings map[string]any
		Tmpfs        map[string]string
		Sysctls      map[string]string
		LogConfig    struct{ Type string }
		Memory       int64
		MemorySwap   int64
		PidsLimit    int64

		RestartPolicy struct{ Name string }
	}
	NetworkSettings struct {
		Ports    map[string]any
		Networks map[string]any
	}
	Mounts []struct{ Type, Name, Destination string }
}

func inspect(t *testing.T, id string) inspected {
	t.Helper()
	output, err := exec.Command("docker", "inspect", id).Output()
	if err != nil {
		t.Skipf("NOT TESTED, docker inspect does not work: %v", err)
	}
	var all []inspected
	if err := json.Unmarshal(output, &all); err != nil || len(all) != 1 {
		t.Fatal(err, string(output))
	}
	return all[0]
}

func words(list []any) string {
	var all []string
	for _, v := range list {
		all = append(all, strings.TrimPrefix(v.(string), "CAP_"))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// What runs inside is untrusted: it has these rights and no others.
func TestContainersAreConfined(t *testing.T) {
	t.Parallel()
	for _, kind := range []testbed.Kind{{}, {Needs: "network"}, {Needs: "addresses"}, {Server: "php-fpm"}, {Server: "systemd"}} {
		t.Run("needs:"+kind.Needs+",server:"+kind.Server, func(t *testing.T) {
			t.Parallel()
			confined(t, kind)
		})
	}
}

func confined(t *testing.T, kind testbed.Kind) {
	needs, e := kind.Needs, labtest.Engine(t)
	if needs == "addresses" {
		needs = "" // but for one right
	}
	b := startKind(t, e, labtest.WithServers(t, e, labtest.Equipment(t, e, labtest.Image(t, e).Name)), kind)
	const plainMemory = "rw,nosuid,nodev,size=96m,mode=0755"
	roles, memory := []string{"nginx", "backend"}, []map[string]string{{testbed.TrialDir: plainMemory}, {testbed.TrialDir: plainMemory}}
	switch kind.Server {
	case "php-fpm":
		memory[1]["/srv"] = "rw,nosuid,nodev,size=16m,mode=0755"
	case "systemd":
		// The helper, which alone had more rights, is gone.
		if len(b.IDs()) != 2 {
			t.Fatalf("containers %v", b.IDs())
		}
		gone := func() bool { return exec.Command("docker", "inspect", b.IDs()[1]).Run() != nil }
		for deadline := time.Now().Add(10 * time.Second); !gone() && time.Now().Before(deadline); {
			time.Sleep(20 * time.Millisecond)
		}
		if !gone() {
			t.Error("the helper is still there")
		}
		roles = roles[:1]
		memory[0]["/srv"] = "rw,nosuid,nodev,exec,size=16m,mode=0755"
		memory[0]["/run"] = "rw,nosuid,nodev,size=32m,mode=0755"
		memory[0]["/run/lock"] = "rw,nosuid,nodev,noexec,size=1m,mode=1777"
	}
	volume := ""
	for container, role := range roles {
		c := inspect(t, b.IDs()[container])
		h := c.HostConfig
		want := func(what string, got, want any) {
			t.Helper()
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %s: %v, want %v", role, what, got, want)
			}
		}
		none := func(what string, n int) {
			t.Helper()
			want(what, n, 0)
		}
		// Spelled out here: a right that is added must be added in two places.
		capabilities := "CHOWN DAC_OVERRIDE KILL SETGID SETUID"
		if kind.Needs == "addresses" && role == "nginx" {
			capabilities = "CHOWN DAC_OVERRIDE KILL NET_ADMIN SETGID SETUID" // given up by the agent
		}
		want("capabilities", words(h.CapAdd), capabilities)
		want("dropped capabilities", words(h.CapDrop), "ALL")
		want("privileged", h.Privileged, false)
		// Nothing but this: seccomp and AppArmor are the engine's own, not "unconfined".
		want("security options", words(h.SecurityOpt), "no-new-privileges")
		want("AppArmor unconfined", c.AppArmorProfile == "unconfined" && engineHas(t, "name=apparmor"), false)
		none("devices", len(h.Devices)+len(h.DeviceRequests)+len(h.DeviceCgroupRules))
		none("groups, links and names of the host", len(h.GroupAdd)+len(h.Links)+len(h.ExtraHosts))

		want("memory", h.Memory, int64(256<<20))
		want("memory and swap", h.MemorySwap, h.Memory)
		want("the kernel kills above the limit", h.OomKillDisable, false)
		want("pids", h.PidsLimit, int64(256))
		want("in memory", h.Tmpfs, memory[container])

		for what, mode := range map[string]string{"pid": h.PidMode, "ipc": h.IpcMode, "uts": h.UTSMode, "user": h.UsernsMode} {
			if mode == "host" || strings.HasPrefix(mode, "container:") {
				t.Errorf("%s: the %s namespace is %q", role, what, mode)
			}
		}
		want("cgroup parent", h.CgroupParent, "")
		network := "none"
		switch {
		case needs != "":
			network = h.NetworkMode
			internal, err := exec.Command("docker", "network", "inspect", "--format", "{{.Internal}} {{.Name}}", network).Output()
			if err != nil || string(internal) != "true "+b.Name+"\n" {
				t.Errorf("%s: the network %q is internal and the testbed's own: %s, %v", role, network, internal, err)
			}
			want("networks", len(c.NetworkSettings.Networks), 1)
		case role == "backend":
			network = "container:" + b.IDs()[inNginx]
		}
		want("network", h.NetworkMode, network)
		none("published ports", len(h.PortBindings)+len(c.Config.ExposedPorts))
		for port, to := range c.NetworkSettings.Ports {
			want("port "+port, to, nil)
		}
		want("publish all ports", h.PublishAllPorts, false)

		none("mounts of the host", len(h.Binds))
		for _, m := range c.Mounts {
			if m.Type == "tmpfs" {
				continue
			}
			if volume == "" {
				volume = m.Name
			}
			want("mount", m.Type+" "+m.Name+" "+m.Destination, "volume "+volume+" /lab")
		}
		want("log driver", h.LogConfig.Type, "none")
		want("auto-remove", h.AutoRemove, true)
		if r := h.RestartPolicy.Name; r != "" && r != "no" {
			t.Errorf("%s: it is started again: %q", role, r)
		}
		want(
			"stdin and user",
			fmt.Sprintf("%v %v %v %s", c.Config.OpenStdin, c.Config.StdinOnce, c.Config.Tty, c.Config.User),
			"true true false 0:0",
		)

		// And what the kernel says of the first process: SETUID is bit 7, and so on.
		filter := "2"
		if !engineHas(t, "name=seccomp") {
			filter = "0"
			t.Log("NOT TESTED: this engine has no seccomp")
		}
		status := b.sh(t, container, `grep -E '^(CapBnd|CapEff|NoNewPrivs|Seccomp):' /proc/1/status | tr -s '\t\n' ' '`)
		bits := "00000000000000e3"
		if kind.Needs == "addresses" && role == "nginx" {
			bits = "00000000000010e3" // NET_ADMIN is bit 12: see TestNginxCannotChangeItsNetwork
		}
		want("the kernel says", status, "CapEff: "+bits+" CapBnd: "+bits+" NoNewPrivs: 1 Seccomp: "+filter)
		if kind.Server == "systemd" {
			// Every process: the agent was there before systemd was.
			all := b.sh(
				t,
				container,
				`cat /proc/[0-9]*/status | grep -E '^Cap(Bnd|Prm|Eff):' | tr -s '\t\n' ' ' | tr ' ' '\n' | grep '^0' | sort -u`,
			)
			for capabilities := range strings.FieldsSeq(all) {
				if bits, err := strconv.ParseUint(capabilities, 16, 64); err != nil || bits&^0xe3 != 0 {
					t.Errorf("a process has the capabilities %s, %v", capabilities, err)
				}
			}
			want("what systemd says", b.sh(t, container, "systemctl is-system-running"), "running")
		}
		if needs == "" {
			want(
				"routes and devices",
				b.sh(t, container, `cat /proc/net/route | wc -l; cat /proc/net/dev | grep -c :`),
				"1\n1",
			) // the heading, and the loopback
		}
	}
	if volume == "" {
		t.Error("no volume was seen")
	}
	if err := b.Remove(); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command("docker", "volume", "inspect", volume).CombinedOutput(); err == nil {
		t.Errorf("the volume is left: %s", output)
	}
}

// engineHas reports whether the engine names a security option.
func engineHas(t *testing.T, option string) bool {
	t.Helper()
	output, err := exec.Command("docker", "info", "--format", "{{.SecurityOptions}}").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(output), option)
}
