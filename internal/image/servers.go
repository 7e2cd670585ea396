package image

import (
	"context"
	"errors"
	"fmt"

	"github.com/gatewaylab/lab/fixtures/backends/server"
)

// Servers is the images of real servers that a run uses, by the server's name, and why
// there is none of the others.
type Servers struct {
	Images map[string]Obtained
	Failed map[string]error // errors.Is ErrNoSource where there cannot be one here
}

// ObtainServers obtains the images of servers, one after the other: they share a folder
// of packages. refs are those that somebody named. One that cannot be obtained does not
// keep the others from it.
func (s *Source) ObtainServers(ctx context.Context, names []string, refs map[string]string) Servers {
	got := Servers{Images: map[string]Obtained{}, Failed: map[string]error{}}
	for _, name := range names {
		one, ok := server.Lookup(name)
		if !ok {
			got.Failed[name] = fmt.Errorf("there is no server %q", name)
			continue
		}
		obtained, err := s.Obtain(ctx, Server(one), refs[name])
		if err != nil {
			got.Failed[name] = err
			continue
		}
		got.Images[name] = obtained
	}
	return got
}

// Image is the name of a server's image.
func (s Servers) Image(name string) (string, error) {
	if got, ok := s.Images[name]; ok {
		return got.Name, nil
	}
	if err := s.Failed[name]; err != nil {
		return "", err
	}
	return "", errors.New("nobody has obtained an image of " + name)
}
