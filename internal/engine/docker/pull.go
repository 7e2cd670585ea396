package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"

	"github.com/gatewaylab/lab/internal/engine"
)

// Pull fetches an image. It calls report when data has arrived or has been unpacked, but not
// for messages like "Waiting" and "Retrying", so that a caller can use report to notice a
// stall. If platform is "", the engine chooses it.
func (e *Engine) Pull(ctx context.Context, ref, platform string, report func(engine.Progress)) error {
	doing := fmt.Sprintf("pulling %q", ref)
	if err := checkRef(ref); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	auth, helper, err := credentials(ref)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	ctx, moved, end := e.bound(ctx, moveDeadline)
	defer end()
	body, err := e.api.ImagePull(ctx, ref, image.PullOptions{Platform: platform, RegistryAuth: auth})
	if err == nil {
		defer body.Close()
		sum := tally{ref: ref, layers: map[string]*layer{}}
		err = eachMessage(body, func(m message) {
			progress, more := sum.add(m)
			if !more {
				return
			}
			moved()
			if report != nil {
				report(progress)
			}
		})
	}
	if err != nil && ctx.Err() == nil && auth == "" && helper != "" && denied(err) {
		err = fmt.Errorf("%w (the credential helper %q has the credentials for this registry, but lab does not use "+
			"credential helpers: run `docker pull %s` first)", err, helper, ref)
	}
	return e.wrap(ctx, doing, err)
}

func denied(err error) bool {
	return cerrdefs.IsUnauthorized(err) || cerrdefs.IsPermissionDenied(err) ||
		strings.Contains(err.Error(), "denied") || strings.Contains(err.Error(), "unauthorized")
}

// message is one line of a progress stream of the engine.
type message struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	Stream   string `json:"stream"`
	Error    string `json:"error"`
	Progress struct {
		Current int64 `json:"current"`
		Total   int64 `json:"total"`
	} `json:"progressDetail"`
	ErrorDetail struct {
		Message string `json:"message"`
	} `json:"errorDetail"`
}

// eachMessage reads a progress stream to its end. The engine has answered with status 200
// before the stream begins, so an error of the work itself is a message in the stream.
func eachMessage(body io.Reader, do func(message)) error {
	decoder := json.NewDecoder(body)
	for {
		var m message
		err := decoder.Decode(&m)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the engine's progress: %w", err)
		}
		if m.ErrorDetail.Message != "" {
			return errors.New(m.ErrorDetail.Message)
		}
		if m.Error != "" {
			return errors.New(m.Error)
		}
		do(m)
	}
}

// tally adds up the progress of an image's layers, several of which are fetched and unpacked
// at the same time.
type tally struct {
	ref    string
	layers map[string]*layer
	best   int64 // the most so far: a layer that is fetched again from its start is not progress
}

type layer struct{ size, fetched, unpacked, steps int64 }

func (t *tally) add(m message) (engine.Progress, bool) {
	if m.ID == "" {
		return engine.Progress{}, false
	}
	l := t.layers[m.ID]
	if l == nil {
		l = &layer{}
		t.layers[m.ID] = l
	}
	l.size = max(l.size, m.Progress.Total)
	switch m.Status {
	case "Downloading":
		l.fetched = m.Progress.Current
	case "Extracting":
		l.fetched, l.unpacked = l.size, m.Progress.Current
	case "Download complete":
		l.fetched, l.steps = l.size, 1
	case "Pull complete", "Already exists":
		l.fetched, l.unpacked, l.steps = l.size, l.size, 2
	case "Pulling fs layer":
		l.steps = 0
	default: // "Waiting", "Retrying in 5 seconds", "Pulling from …", "Verifying Checksum"
		return engine.Progress{}, false
	}
	var sum layer
	for _, l := range t.layers {
		sum.size += l.size
		sum.fetched += l.fetched
		sum.unpacked += l.unpacked
		sum.steps += l.steps
	}
	now := int64(len(t.layers)) + sum.fetched + sum.unpacked + sum.steps
	if now <= t.best {
		return engine.Progress{}, false
	}
	t.best = now
	if sum.size > 0 && sum.fetched == sum.size {
		return engine.Progress{What: "unpacking " + t.ref, Done: sum.unpacked, Total: sum.size}, true
	}
	return engine.Progress{What: "pulling " + t.ref, Done: sum.fetched, Total: sum.size}, true
}
