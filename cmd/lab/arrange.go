package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// arrange puts flags in front of arguments. urfave/cli v2 stops reading flags at the
// first argument and drops those behind it without a word, so that
// `lab run wrong-port --keep` would not keep, and a mistyped flag would go unnoticed.
// The result is the command's words, its flags, --, and its arguments.
func arrange(app *cli.App, args []string) ([]string, error) {
	a := arranging{app: app, commands: app.Commands}
	for len(args) > 0 {
		word := args[0]
		args = args[1:]
		switch {
		case word == "--":
			a.arguments = append(a.arguments, args...)
			args = nil
		case len(word) > 1 && word[0] == '-':
			taken, err := a.flag(word, args)
			if err != nil {
				return nil, err
			}
			args = args[taken:]
		case len(a.commands) > 0:
			if err := a.descend(word); err != nil {
				return nil, err
			}
		default:
			a.arguments = append(a.arguments, word)
		}
	}
	return a.result()
}

type arranging struct {
	app       *cli.App
	command   *cli.Command   // nil: none yet
	commands  []*cli.Command // that may follow
	words     []string       // the command's
	flags     [][]string     // each with its value
	arguments []string
	help      bool
}

// descend takes a word as a command's name.
func (a *arranging) descend(word string) error {
	if word == "help" {
		a.help = true
		return nil
	}
	var names []string
	for _, c := range a.commands {
		if c.HasName(word) {
			a.command, a.commands = c, c.Subcommands
			a.words = append(a.words, c.Name)
			return nil
		}
	}
	for _, c := range visible(a.commands) {
		names = append(names, c.Name)
	}
	where := strings.Join(append([]string{"lab"}, a.words...), " ")
	return usage("`%s` has no command %q%s", where, word, instead(word, names, "`"+where+" --help` lists them"))
}

// flag takes a flag and returns how many of the following words are its value.
func (a *arranging) flag(word string, rest []string) (int, error) {
	name, value, attached := strings.Cut(strings.TrimLeft(word, "-"), "=")
	if name == "help" || name == "h" {
		a.help = true
		return 0, nil
	}
	if name == "version" && a.command == nil {
		return 0, a.descend("version")
	}
	known, found := a.find(name)
	// -ojson is -o json.
	if short, ok := a.find(word[1:2]); !found && word[1] != '-' && ok && takesValue(short) {
		known, found = short, true
		name, value, attached = word[1:2], word[2:], true
	}
	if !found {
		return 0, a.unknown(word, name)
	}
	switch {
	case attached:
		a.flags = append(a.flags, []string{"--" + name + "=" + value})
		return 0, nil
	case !takesValue(known):
		a.flags = append(a.flags, []string{"--" + name})
		return 0, nil
	case len(rest) == 0:
		return 0, usage("the flag %s needs a value: %s=%s", word, word, placeholder(known))
	}
	a.flags = append(a.flags, []string{"--" + name + "=" + rest[0]})
	return 1, nil
}

// candidates are the flags that may stand here: the command's, and in front of the
// command's name those of every command.
func (a *arranging) candidates() []cli.Flag {
	if a.command != nil && len(a.command.Subcommands) == 0 {
		return a.command.Flags
	}
	var flags []cli.Flag
	each(a.commands, func(c *cli.Command) { flags = append(flags, c.Flags...) })
	return flags
}

func (a *arranging) find(name string) (cli.Flag, bool) {
	for _, f := range a.candidates() {
		if slices.Contains(f.Names(), name) {
			return f, true
		}
	}
	return nil, false
}

func (a *arranging) unknown(word, name string) error {
	names := []string{"help"}
	for _, f := range a.candidates() {
		names = append(names, f.Names()[0])
	}
	where := strings.Join(append([]string{"lab"}, a.words...), " ")
	hint := strings.Replace(instead(name, names, "`"+where+" --help` lists them"), `mean "`, `mean "--`, 1)
	return usage("`%s` has no flag %q%s", where, word, hint)
}

func (a *arranging) result() ([]string, error) {
	if a.help || len(a.commands) > 0 {
		return append(a.words, "--help"), nil
	}
	result := slices.Clone(a.words)
	for _, f := range a.flags {
		// One that stood in front of the command may not be the command's.
		name, _, _ := strings.Cut(strings.TrimLeft(f[0], "-"), "=")
		if _, found := a.find(name); !found {
			return nil, a.unknown("--"+name, name)
		}
		result = append(result, f...)
	}
	return append(append(result, "--"), a.arguments...), nil
}

func takesValue(f cli.Flag) bool {
	_, isBool := f.(*cli.BoolFlag)
	return !isBool
}

// placeholder is the word that stands for a flag's value in its help.
func placeholder(f cli.Flag) string {
	if d, ok := f.(cli.DocGenerationFlag); ok {
		if parts := strings.Split(d.GetUsage(), "`"); len(parts) > 2 {
			return parts[1]
		}
	}
	return "VALUE"
}
