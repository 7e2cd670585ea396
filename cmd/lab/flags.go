package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/internal/output"
)

// commonFlags are those of every command.
func commonFlags() []cli.Flag {
	return []cli.Flag{
		newChoice(&cli.StringFlag{Name: "color", Value: colors[0], Usage: "`WHEN` to colour: %s; NO_COLOR is honoured"}, colors),
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "no progress"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "say more about what is being done"},
	}
}

// outputFlag declares what a command writes to stdout, by a product that says nothing yet.
// Help, the check of what was given and completion follow from its forms.
func outputFlag(p output.Product) cli.Flag {
	return newChoice(&cli.StringFlag{
		Name: "output", Aliases: []string{"o"},
		Usage: "form of the output: `FORM` is %s; by default a table on a terminal and plain lines elsewhere",
	}, output.Names(p))
}

// productFlags are outputFlag, and the one for files.
func productFlags(p output.Product) []cli.Flag {
	return []cli.Flag{reportFlag(output.Names(p)), outputFlag(p)}
}

func reportFlag(formats []string) cli.Flag {
	f := &cli.StringSliceFlag{
		Name:  "report",
		Usage: "write a report as `FORMAT=FILE`: " + strings.Join(formats, ", ") + "; may be repeated",
		Action: func(_ *cli.Context, given []string) error {
			for _, text := range given {
				if _, err := output.ParseFile(text, formats); err != nil {
					return usage("--report: %w", err)
				}
			}
			return nil
		},
	}
	return several{f, func(string) []string { return withSuffix(formats, "=") }}
}

// reportFiles are the files of reportFlag, which has checked them.
func reportFiles(c *cli.Context) []output.File {
	var files []output.File
	for _, text := range c.StringSlice("report") {
		format, path, _ := strings.Cut(text, "=")
		files = append(files, output.File{Form: format, Path: path})
	}
	return files
}

func scenariosFlag() cli.Flag {
	return &cli.StringFlag{Name: "scenarios", Usage: "read the scenarios of the folder `DIR` instead of lab's own"}
}

func selectFlags() []cli.Flag {
	return []cli.Flag{
		several{&cli.StringSliceFlag{Name: "tag", Usage: "only scenarios with the tag `TAG`; several mean any of them"}, knownTags},
		several{
			&cli.StringSliceFlag{Name: "skip", Usage: "leave out the scenarios with the id or tag `WORD`"},
			func(scenarios string) []string {
				return append(knownTags(scenarios), knownIDs(scenarios)...)
			},
		},
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
		case choice:
			f.EnvVars = name
		case several:
			f.EnvVars = name
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

// console is how a command writes its product.
type console struct {
	streams
	form   string // of the product
	screen output.Screen
	quiet  bool
	loud   bool
}

var colors = []string{"auto", "always", "never"}

func (o console) destination() output.Destination {
	return output.Destination{Out: o.out, Err: o.err, Form: o.form, Screen: o.screen, Quiet: o.quiet}
}

// write writes a product to stdout in the form that was asked for, and to files.
func (o console) write(p output.Product, files ...output.File) error {
	return o.destination().Write(p, files)
}

// check refuses what was asked for where a flag makes a command write another product than
// the one that it declares.
func (o console) check(flag string, p output.Product, files []output.File) error {
	if err := o.destination().Check(p, files); err != nil {
		return usage("%s: %w", flag, err)
	}
	return nil
}

// outputOf reads --output and the flags of commonFlags, which have checked themselves.
func outputOf(c *cli.Context, std streams) console {
	o := console{streams: std, form: c.String("output"), quiet: c.Bool("quiet"), loud: c.Bool("verbose")}
	if o.form == "" {
		o.form = output.PlainForm
		if std.outTerminal {
			o.form = output.TableForm
		}
	}
	when := c.String("color")
	o.screen = output.Screen{Width: std.width, Color: when == "always" || when == "auto" && std.outTerminal && os.Getenv("NO_COLOR") == ""}
	return o
}

// cacheDir is the folder that survives between runs.
func cacheDir(c *cli.Context) (string, error) {
	if dir := c.String("cache"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", errExit{output.Environment, errNoCache{err}}
	}
	return filepath.Join(dir, "lab"), nil
}

type errNoCache struct{ error }

func (e errNoCache) Error() string {
	return "finding the user's cache folder: " + e.error.Error() + ": name one with --cache DIR or LAB_CACHE"
}
