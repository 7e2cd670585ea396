package image

import "context"

// Assemble makes the recipe's image and returns its name.
func (s *Source) Assemble(ctx context.Context, recipe Recipe) (string, error) {
	dir, unlock, err := s.lock(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	return s.assemble(ctx, dir, recipe)
}
