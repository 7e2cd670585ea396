package main

import (
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/internal/engine"
	"github.com/gatewaylab/lab/internal/engine/docker"
	"github.com/gatewaylab/lab/internal/image"
	"github.com/gatewaylab/lab/internal/output"
)

func imagesCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:  "images",
		Usage: "list, save, load and remove lab's images",
		Subcommands: []*cli.Command{
			{
				Name: "list", Usage: "list the images that lab uses or has made",
				Flags: []cli.Flag{cacheFlag(), outputFlag(imageList(nil))},
				Action: withImages(std, func(c *cli.Context, s *image.Source, out console, _ *progress) error {
					images, err := s.List(c.Context)
					if err != nil {
						return err
					}
					return out.write(imageList(images))
				}),
			},
			{
				Name: "save", Usage: "write images for `lab images load`, by default all that a run may use", ArgsUsage: "[IMAGE...]",
				Description: "lab images save > lab.tar",
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "to", Usage: "write to `FILE` instead of stdout"}, cacheFlag(),
				},
				Action: withImages(std, saveImages),
			},
			{
				Name: "load", Usage: "put saved images on the engine", ArgsUsage: "[FILE]",
				Flags:       []cli.Flag{cacheFlag(), outputFlag(nameList("", "", nil))},
				Description: "Reads FILE, or stdin.",
				Action:      withImages(std, loadImages),
			},
			{
				Name: "prune", Usage: "remove the images that lab has made, and none that was pulled",
				Flags: []cli.Flag{
					&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, Usage: "do not ask"},
					cacheFlag(),
					outputFlag(imageList(nil)),
				},
				Action: withImages(std, pruneImages),
			},
		},
	}
}

type imagesAction func(*cli.Context, *image.Source, console, *progress) error

// withImages gives an action the images of the engine.
func withImages(std streams, action imagesAction) cli.ActionFunc {
	return func(c *cli.Context) error {
		out := outputOf(c, std)
		cache, err := cacheDir(c)
		if err != nil {
			return err
		}
		e, err := docker.Dial(c.Context)
		if err != nil {
			return err
		}
		defer func() { _ = e.Close() }()
		info, err := e.Info(c.Context)
		if err != nil {
			return err
		}
		p := &progress{out: out}
		defer p.Done()
		return action(c, &image.Source{Engine: e, Info: info, Cache: cache, Report: p.Bytes}, out, p)
	}
}

func saveImages(c *cli.Context, s *image.Source, out console, p *progress) (err error) {
	var to io.Writer = out.out
	if path := c.String("to"); path != "" {
		file, err := os.Create(path)
		if err != nil {
			return usage("--to: %w", err)
		}
		defer func() {
			if closed := file.Close(); err == nil {
				err = closed
			}
		}()
		to = file
	} else if out.outTerminal {
		return usage("saving images: an image is nothing for a terminal: `lab images save > FILE`, or --to FILE")
	}
	names, err := s.Save(c.Context, to, c.Args().Slice()...)
	if err != nil {
		return err
	}
	p.Line("saved %s", strings.Join(names, ", "))
	return nil
}

func loadImages(c *cli.Context, s *image.Source, out console, _ *progress) error {
	from := out.in
	switch {
	case c.NArg() > 1:
		return usage("images load reads one file, and %d were given", c.NArg())
	case c.NArg() == 1:
		file, err := os.Open(c.Args().First())
		if err != nil {
			return usage("loading images: %w", err)
		}
		defer func() { _ = file.Close() }()
		from = file
	case out.inTerminal:
		return usage("loading images: name a file, or give it on stdin: `lab images load FILE`")
	}
	names, err := s.Load(c.Context, from)
	return errors.Join(err, out.write(nameList("Loaded images", "images", names)))
}

func pruneImages(c *cli.Context, s *image.Source, out console, p *progress) error {
	if err := confirm(out, c.Bool("force"), "remove the images that lab has made?"); err != nil {
		return err
	}
	removed, err := s.Prune(c.Context)
	p.Line("removed %s", output.Plural(len(removed), "image"))
	if shown := out.write(imageList(removed)); err == nil {
		err = shown
	}
	return err
}

func imageList(images []engine.Image) output.Listing {
	type item struct {
		Name    string    `json:"name"`
		ID      string    `json:"id"`
		Bytes   int64     `json:"bytes"`
		Created time.Time `json:"created"`
		Arch    string    `json:"arch"`
		Origin  string    `json:"origin"`
	}
	items := []item{}
	grid := output.Grid{Columns: []string{"IMAGE", "ID", "SIZE", "ARCH", "CREATED", "FROM"}}
	for _, i := range images {
		name, origin := i.ID, i.Labels[engine.LabelImage]
		if len(i.Tags) > 0 {
			name = strings.Join(i.Tags, ",")
		}
		if origin == "" {
			origin = "registry"
		}
		short := strings.TrimPrefix(i.ID, "sha256:")
		items = append(items, item{name, i.ID, i.Bytes, i.Created.UTC(), i.Arch, origin})
		grid.Rows = append(grid.Rows, []string{
			name, short[:min(12, len(short))], output.Size(i.Bytes), i.Arch, i.Created.UTC().Format(time.RFC3339), origin,
		})
	}
	return output.Listing{Title: "Images", Grid: grid, Fields: map[string]any{"images": items}}
}
