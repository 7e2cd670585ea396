package explain

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A log must be followed from its end, across a truncation and a rotation.
func TestFollow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "error.log")
	add := func(text string) {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	add(notice + "\n")
	b := book(t)
	enough := errors.New("enough")
	ctx, stop := context.WithCancelCause(t.Context())
	causes, done := make(chan string, 10), make(chan error, 1)
	go func() {
		done <- b.Follow(ctx, path, time.Millisecond, func(out []byte, r Record) []byte { return append(append(out, r.Cause...), '\n') },
			func(text []byte) error { causes <- string(text); return nil })
	}()
	next := func(what, want string) {
		t.Helper()
		select {
		case got := <-causes:
			if got != want {
				t.Errorf("%s: %q, want %q", what, got, want)
			}
		case err := <-done:
			t.Fatalf("%s: it ended: %v", what, err)
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: nothing came", what)
		}
	}
	time.Sleep(50 * time.Millisecond) // let Follow find the end of the log before lines are added
	add(refused[:50])
	time.Sleep(20 * time.Millisecond)
	add(refused[50:] + "\n")
	next("a line in two pieces", "connection-refused\n")
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	add(missing + "\n")
	next("after a truncation", "socket-missing\n")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	add(strange + "\n" + refused + "\n")
	next("after a rotation", "unknown\nconnection-refused\n")
	stop(enough)
	if err := <-done; err != enough {
		t.Errorf("it ended with %v", err)
	}
	if err := b.Follow(ctx, path+".2", time.Millisecond, nil, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}
