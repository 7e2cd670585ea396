package main

import (
	"context"
	_ "embed"

	"github.com/urfave/cli/v2"
)

//go:embed help.txt
var rootHelp string

// newApp is the command line: one command per file.
func newApp(std streams) *cli.App {
	app := &cli.App{
		Name:                  "lab",
		Usage:                 "reproduce nginx gateway errors in containers and prove their fixes",
		CustomAppHelpTemplate: rootHelp,
		Writer:                std.out,
		ErrWriter:             std.err,
		HideVersion:           true,
		HideHelpCommand:       true,
		Commands: []*cli.Command{
			runCommand(std), listCommand(std), showCommand(std), explainCommand(std), validateCommand(std), newCommand(std),
			guideCommand(std), configCommand(std), psCommand(std), pruneCommand(std), imagesCommand(std), doctorCommand(std),
			versionCommand(std), completionCommand(std), referenceCommand(std),
		},
		// urfave/cli would call os.Exit by itself: exit codes are main's.
		ExitErrHandler: func(*cli.Context, error) {},
	}
	each(app.Commands, func(c *cli.Command) {
		c.HideHelpCommand = true
		c.CustomHelpTemplate = commandHelp
		c.OnUsageError = func(_ *cli.Context, err error, _ bool) error {
			return usage("reading the flags of `%s`: %w", c.HelpName, err)
		}
		if len(c.Subcommands) == 0 {
			c.Flags = append(c.Flags, commonFlags()...)
		}
		fromEnvironment(c.Flags)
	})
	return app
}

// each visits commands and their subcommands.
func each(commands []*cli.Command, visit func(*cli.Command)) {
	for _, c := range commands {
		visit(c)
		each(c.Subcommands, visit)
	}
}

// execute runs the command that the arguments name.
func execute(ctx context.Context, args []string, std streams) error {
	app := newApp(std)
	if last := len(args) - 1; last > 0 && args[last] == completionFlag {
		return complete(app, args[1:last], std.out)
	}
	sorted, err := arrange(app, args[1:])
	if err != nil {
		return err
	}
	return app.RunContext(ctx, append([]string{"lab"}, sorted...))
}

const commandHelp = `{{.HelpName}}{{if .Subcommands}} COMMAND{{else}} [flags]{{end}}{{if .ArgsUsage}} {{.ArgsUsage}}{{end}}

{{.Usage}}{{if .Description}}

{{.Description}}{{end}}{{if .VisibleCommands}}

Commands:{{range .VisibleCommands}}
  {{.Name}}{{"\t"}}{{.Usage}}{{end}}{{end}}{{if .VisibleFlags}}

Flags:{{range .VisibleFlags}}
  {{.}}{{end}}{{end}}
`
