package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/internal/report"
	"github.com/gatewaylab/lab/internal/strict"
)

// commonFlags are those of every command, besides the ones that it has of its own.
func commonFlags(own []cli.Flag) []cli.Flag {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "color", Value: "auto", Usage: "`WHEN` to colour: auto, always or never; NO_COLOR is honoured"},
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "no progress"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "say more about what is being done"},
	}
	for _, f := range own {
		if s, ok := f.(*cli.StringFlag); ok && s.Name == "output" {
			return flags // with more forms
		}
	}
	return append([]cli.Flag{outputFlag()}, flags...)
}

// outputFlag names the forms of a command's output, with those that it alone has.
func outputFlag(more ...string) cli.Flag {
	return &cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "form of the output: `FORM` is " + strings.Join(formsWith(more), ", ") + "; by default a table on a terminal and plain lines elsewhere"}
}

func formsWith(more []string) []string {
	all := slices.Clone(forms)
	for _, form := range more {
		if !slices.Contains(all, form) {
			all = append(all, form)
		}
	}
	return all
}

func scenariosFlag() cli.Flag {
	return &cli.StringFlag{Name: "scenarios", Usage: "read the scenarios of the folder `DIR` instead of lab's own"}
}

func selectFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "tag", Usage: "only scenarios with the tag `TAG`; several mean any of them"},
		&cli.StringSliceFlag{Name: "skip", Usage: "leave out the scenarios with the id or tag `WORD`"},
		scenariosFlag(),
	}
}

func cacheFlag() cli.Flag {
	return &cli.StringFlag{Name: "cache", Usage: "keep what survives between runs in `DIR`; by default a folder of the user's cache"}
}

// fromEnvironment lets every flag be given as LAB_<FLAG>.
func fromEnvironment(flags []cli.Flag) {
	for _, f := range flags {
		name := []string{"LAB_" + strings.ToUpper(strings.ReplaceAll(f.Names()[0], "-", "_"))}
		switch f := f.(type) {
		case *cli.StringFlag:
			f.EnvVars = name
		case *cli.StringSliceFlag:
			f.EnvVars = name
		case *cli.BoolFlag:
			f.EnvVars, f.DisableDefaultText = name, true
		case *cli.IntFlag:
			f.EnvVars = name
		case *cli.DurationFlag:
			f.EnvVars = name
		}
	}
}

// output is how a command writes its product.
type output struct {
	streams
	form   string // table, plain, json, yaml or name
	screen report.Screen
	quiet  bool
	loud   bool
}

var (
	forms  = []string{"table", "plain", "json", "yaml", "name"}
	colors = []string{"auto", "always", "never"}
)

// outputOf reads the flags of commonFlags; more are the forms that the command alone has.
func outputOf(c *cli.Context, std streams, more ...string) (output, error) {
	forms := formsWith(more)
	o := output{streams: std, form: c.String("output"), quiet: c.Bool("quiet"), loud: c.Bool("verbose")}
	if o.form != "" && !slices.Contains(forms, o.form) {
		return o, usage("--output: %q is none of %s%s", o.form, strings.Join(forms, ", "), strict.Suggest(o.form, forms))
	}
	if o.form == "" {
		o.form = "plain"
		if std.outTerminal {
			o.form = "table"
		}
	}
	when := c.String("color")
	if !slices.Contains(colors, when) {
		return o, usage("--color: %q is none of %s%s", when, strings.Join(colors, ", "), strict.Suggest(when, colors))
	}
	o.screen = report.Screen{Width: std.width, Color: when == "always" || when == "auto" && std.outTerminal && os.Getenv("NO_COLOR") == ""}
	return o, nil
}

// cacheDir is the folder that survives between runs.
func cacheDir(c *cli.Context) (string, error) {
	if dir := c.String("cache"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", errExit{report.Environment, errNoCache{err}}
	}
	return filepath.Join(dir, "lab"), nil
}

type errNoCache struct{ error }

func (e errNoCache) Error() string {
	return "finding the user's cache folder: " + e.error.Error() + ": name one with --cache DIR or LAB_CACHE"
}
