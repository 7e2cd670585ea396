package labtest

import (
	"cmp"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/engine/docker"
)

// patience is how long a private engine may take to start or to end on a busy machine.
const patience = 30 * time.Second

// Private is a Docker engine that belongs to one test, which may stop and kill it. It has no
// bridge to the outside. Its proxy for registries is an address where nothing listens;
// addresses on the loopback are reached without the proxy.
type Private struct {
	Address string

	t       testing.TB
	dir     string
	command []string
	apart   chan func() // functions that are sent here run in the engine's own network namespace
	daemon  *exec.Cmd
}

// PrivateEngine starts an engine, or skips the test with a visible reason. flags are
// additional flags for dockerd. The engine has its own network namespace: if it ends while it
// makes or removes a network, the bridge of that network would otherwise be left on the
// machine for good.
func PrivateEngine(t testing.TB, flags ...string) *Private {
	t.Helper()
	p := privateEngine(t, flags)
	p.apart = make(chan func())
	t.Cleanup(func() { close(p.apart) }) // runs after cleanUp
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		failed := syscall.Unshare(syscall.CLONE_NEWNET)
		for do := range p.apart {
			if failed != nil {
				t.Error(failed)
			}
			do()
		}
	}()
	t.Cleanup(p.cleanUp)
	p.Start()
	return p
}

// PrivateEngineOnLoopback starts an engine that can reach what the test serves on the
// loopback.
func PrivateEngineOnLoopback(t testing.TB, flags ...string) *Private {
	t.Helper()
	p := privateEngine(t, flags)
	t.Cleanup(p.cleanUp)
	p.Start()
	return p
}

func privateEngine(t testing.TB, flags []string) *Private {
	t.Helper()
	dockerd, err := exec.LookPath("dockerd")
	if err != nil || os.Getuid() != 0 {
		t.Skipf("NOT TESTED: a private engine needs root and dockerd (%v)", err)
	}
	dir, err := os.MkdirTemp("", "lab-engine-") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	// The machine's own configuration would conflict with the flags.
	if err := os.WriteFile(in("daemon.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(dir)
	p := &Private{Address: "unix://" + in("s"), t: t, dir: dir}
	p.command = append([]string{dockerd, "--config-file", in("daemon.json"), "-H", p.Address,
		"--data-root", in("data"), "--exec-root", in("exec"), "--pidfile", in("pid"), "--bridge=none", "--iptables=false",
		"--containerd-namespace=" + name, "--containerd-plugins-namespace=" + name + "-plugins"}, flags...)
	return p
}

// Start starts the daemon, which must not be running, and returns when the daemon answers.
func (p *Private) Start() {
	p.t.Helper()
	log, err := os.OpenFile(filepath.Join(p.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		p.t.Fatal(err)
	}
	defer log.Close()
	p.daemon = exec.Command(p.command[0], p.command[1:]...)
	p.daemon.Env = append(os.Environ(), "HTTP_PROXY=http://127.0.0.1:1", "HTTPS_PROXY=http://127.0.0.1:1", "NO_PROXY=")
	p.daemon.Stdout, p.daemon.Stderr = log, log
	if err := p.inItsNetwork(p.daemon.Start); err != nil {
		p.t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		e, err := docker.DialAt(context.Background(), p.Address)
		if err == nil {
			_ = e.Close()
			return
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(log.Name())
			p.t.Fatalf("the private engine did not start: %v: %s", err, text)
		}
	}
}

func (p *Private) inItsNetwork(do func() error) error {
	if p.apart == nil {
		return do()
	}
	done := make(chan error)
	p.apart <- func() { done <- do() }
	return <-done
}

// Stop freezes the daemon, which then accepts connections but never answers. Cont lets it go
// on.
func (p *Private) Stop() { p.signal(syscall.SIGSTOP) }

// Cont lets the daemon go on after Stop.
func (p *Private) Cont() { p.signal(syscall.SIGCONT) }

// Kill kills the daemon.
func (p *Private) Kill() {
	p.signal(syscall.SIGKILL)
	_ = p.daemon.Wait() // returns an error, because the daemon was killed
	// If the daemon has a containerd of its own, that ends too, but not at once, and the next
	// daemon would wait for it.
	file := filepath.Join(p.dir, "exec", "containerd", "containerd.pid")
	text, err := os.ReadFile(file)
	if err != nil {
		return
	}
	if pid, err := strconv.Atoi(string(text)); err == nil && slices.Contains(processes(filepath.Base(p.dir)), pid) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	_ = os.Remove(file)
}

// Restart ends the daemon properly and starts it again.
func (p *Private) Restart() {
	p.t.Helper()
	p.end()
	p.Start()
}

func (p *Private) signal(s syscall.Signal) {
	if err := p.daemon.Process.Signal(s); err != nil {
		p.t.Error(err)
	}
}

// end ends the daemon, and kills it if necessary.
func (p *Private) end() {
	p.signal(syscall.SIGTERM)
	kill := time.AfterFunc(patience, func() { p.signal(syscall.SIGKILL) })
	defer kill.Stop()
	_ = p.daemon.Wait()
}

func (p *Private) Dial() *docker.Engine {
	p.t.Helper()
	e, err := docker.DialAt(context.Background(), p.Address)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = e.Close() })
	return e
}

// Image copies the image of nginx from the machine's engine, and returns its name.
func (p *Private) Image() string {
	p.t.Helper()
	from := Engine(p.t)
	name := Image(p.t, from).Name
	archive, into := io.Pipe()
	go func() { into.CloseWithError(from.Save(p.t.Context(), []string{name}, into)) }()
	if _, err := p.Dial().Load(p.t.Context(), archive); err != nil {
		p.t.Fatal(err)
	}
	return name
}

// cleanUp ends everything that belongs to the engine, in whatever state it is.
func (p *Private) cleanUp() {
	if p.daemon == nil {
		_ = os.RemoveAll(p.dir)
		return
	}
	if p.daemon.ProcessState != nil {
		p.Start() // the daemon itself knows best what it has
	} else {
		p.Cont()
	}
	p.removeAll()
	p.end()
	for _, pid := range processes(filepath.Base(p.dir)) {
		for _, child := range children(pid) {
			_ = syscall.Kill(child, syscall.SIGKILL)
		}
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	for _, mount := range mounts(p.dir) {
		if err := syscall.Unmount(mount, syscall.MNT_DETACH); err != nil {
			p.t.Errorf("unmounting %s: %v", mount, err)
		}
	}
	if err := os.RemoveAll(p.dir); err != nil {
		p.t.Error(err)
	}
}

func (p *Private) removeAll() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	e, err := docker.DialAt(ctx, p.Address)
	if err != nil {
		p.t.Error(err)
		return
	}
	defer func() { _ = e.Close() }()
	containers, err := e.List(ctx, engine.LabelRun, "")
	if err != nil {
		p.t.Error(err)
	}
	for _, c := range containers {
		if err := e.Remove(ctx, c.ID); err != nil {
			p.t.Error(err)
		}
	}
	networks, err := e.Networks(ctx, engine.LabelRun, "")
	if err != nil {
		p.t.Error(err)
	}
	for _, n := range networks {
		if err := e.RemoveNetwork(ctx, n.ID); err != nil {
			p.t.Error(err)
		}
	}
}

// processes returns the processes whose command line contains the word: the daemon's
// containerd and the shims of its containers.
func processes(word string) (pids []int) {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), word) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			pids = append(pids, pid)
		}
	}
	return pids
}

func children(pid int) (pids []int) {
	files, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for _, word := range strings.Fields(string(text)) {
			child, _ := strconv.Atoi(word)
			pids = append(pids, child)
		}
	}
	return pids
}

// mounts returns the mount points below a folder, the innermost ones first.
func mounts(dir string) (points []string) {
	text, _ := os.ReadFile("/proc/self/mounts")
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(fields[1], dir+"/") {
			points = append(points, fields[1])
		}
	}
	slices.SortFunc(points, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return points
}
