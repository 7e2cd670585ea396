package main

import (
	"bytes"
	"embed"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/internal/lazy"
)

// completionFlag is what the scripts put behind the words of the command line, the
// last of which is the one to complete, and may be empty. The name is urfave/cli's;
// its own answer knows neither values nor flags behind arguments, and its script
// evaluates what stands on the command line.
const completionFlag = "--generate-bash-completion"

//go:embed completion
var completionScripts embed.FS

var shells = []string{"bash", "zsh", "fish", "powershell"}

func completionCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print the script that completes lab's words in a shell",
		ArgsUsage: strings.Join(shells, "|"),
		Description: "bash:        source <(lab completion bash)\n" +
			"zsh:         source <(lab completion zsh)\n" +
			"fish:        lab completion fish | source\n" +
			"powershell:  lab completion powershell | Out-String | Invoke-Expression",
		Action: func(c *cli.Context) error {
			shell := c.Args().First()
			if c.NArg() != 1 || !slices.Contains(shells, shell) {
				return usage("completion: %q is not one shell; `lab completion %s`", c.Args().Slice(), strings.Join(shells, "|"))
			}
			script, err := completionScripts.ReadFile("completion/" + shell)
			if err != nil {
				return fmt.Errorf("reading the completion script: %w", err)
			}
			_, err = std.out.Write(script)
			return err
		},
		BashComplete: completesWith(func(string) []string { return shells }),
	}
}

// harmless keeps words out of the answer that a shell could take for more than words.
var harmless = lazy.Regexp(`^[A-Za-z0-9._=-]+$`)

// complete writes the words that may stand in the place of the last one, one per line.
// What cannot be completed is no error: the shell goes on with file names.
func complete(app *cli.App, words []string, w io.Writer) error {
	if len(words) == 0 {
		words = []string{""}
	}
	current, before := strings.TrimSpace(words[len(words)-1]), words[:len(words)-1]
	for _, word := range candidates(app, before, current) {
		if strings.HasPrefix(word, current) && harmless().MatchString(word) {
			if _, err := fmt.Fprintln(w, word); err != nil {
				return err
			}
		}
	}
	return nil
}

func candidates(app *cli.App, before []string, current string) []string {
	a := arranging{app: app, commands: app.Commands}
	var pending cli.Flag // wants its value
	scenarios := ""
	for _, word := range before {
		if pending != nil {
			if pending.Names()[0] == "scenarios" {
				scenarios = word
			}
			pending = nil
			continue
		}
		if strings.HasPrefix(word, "-") {
			name, _, attached := strings.Cut(strings.TrimLeft(word, "-"), "=")
			if f, found := a.find(name); found && !attached && takesValue(f) {
				pending = f
			}
			continue
		}
		if len(a.commands) > 0 && a.descend(word) != nil {
			return nil
		}
	}
	switch {
	case pending != nil:
		if f, ok := pending.(valued); ok {
			return f.values(scenarios)
		}
		return nil
	case strings.HasPrefix(current, "-"):
		var names []string
		for _, f := range a.candidates() {
			if name := "--" + f.Names()[0]; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		return append(names, "--help")
	case len(a.commands) > 0:
		var names []string
		for _, c := range visible(a.commands) {
			names = append(names, c.Name)
		}
		return names
	}
	return argumentsOf(app, a.command, scenarios)
}

// completesWith is how a command's arguments are completed. The words depend on the
// scenarios, which --scenarios names.
func completesWith(words func(scenarios string) []string) cli.BashCompleteFunc {
	return func(c *cli.Context) {
		for _, word := range words(c.String("scenarios")) {
			fmt.Fprintln(c.App.Writer, word)
		}
	}
}

// argumentsOf asks the command for the words that its arguments can be.
func argumentsOf(app *cli.App, command *cli.Command, scenarios string) []string {
	if command.BashComplete == nil {
		return nil
	}
	var words bytes.Buffer
	given := flag.NewFlagSet(command.Name, flag.ContinueOnError)
	given.String("scenarios", scenarios, "")
	asked := *app
	asked.Writer = &words
	command.BashComplete(cli.NewContext(&asked, given, nil))
	return strings.Fields(words.String())
}

func knownIDs(scenarios string) []string {
	all, err := readEntries(scenarios)
	if err != nil {
		return nil // there is nothing to complete
	}
	var ids []string
	for _, s := range all.entries {
		ids = append(ids, s.ID)
	}
	return ids
}

func knownTags(scenarios string) []string {
	all, err := readEntries(scenarios)
	if err != nil {
		return nil // there is nothing to complete
	}
	var tags []string
	for _, s := range all.entries {
		tags = append(tags, s.Tags...)
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}
