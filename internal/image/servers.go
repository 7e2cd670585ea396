package image

import (
	"context"
	"errors"
	"fmt"

	"github.com/gatewaylab/lab/fixtures/backends/server"
)

// Servers holds the images of real servers that a run uses, by the server's name, and the
// errors of those that could not be obtained.
type Servers struct {
	Images map[string]Obtained
	Failed map[string]error // errors.Is ErrNoSource if the image can never be obtained here
}

// ObtainServers obtains the images of servers one after another, because they share a folder
// of packages. refs are the images that the user named. If one image cannot be obtained, the
// others are obtained all the same.
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

// Image returns the name of a server's image.
func (s Servers) Image(name string) (string, error) {
	if got, ok := s.Images[name]; ok {
		return got.Name, nil
	}
	if err := s.Failed[name]; err != nil {
		return "", err
	}
	return "", errors.New("no image was obtained for " + name)
}
