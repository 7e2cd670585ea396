package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/scenarios"
)

// accepted are arguments with which a command gets past the check of its flags. A command
// that needs an engine fails later, since there is none.
var accepted = map[string][]string{
	"lab run":           {"wrong-port"},
	"lab show":          {"wrong-port"},
	"lab explain":       {"2026/01/02 03:04:05 [error] 1#1: *1 connect() failed (111: Connection refused) while connecting to upstream"},
	"lab new":           {"my-scenario"},
	"lab guide scan":    {"guide.md"},
	"lab guide verify":  {"guide.md"},
	"lab guide accept":  {"guide.md", "--claims=claims.yaml"},
	"lab config record": {"nginx.conf"},
	"lab config check":  {"nginx.conf"},
	"lab config advise": {"nginx.conf"},
	"lab config diff":   {"nginx.conf", "nginx.conf"},
}

// readsCatalogue is commands that read every scenario.
var readsCatalogue = []string{"lab run", "lab show", "lab list", "lab guide scan", "lab guide verify"}

var oneScenario, _ = fs.Sub(scenarios.FS, "wrong-port")

// words are the commands' words in front of the flag, and what completion makes of them.
func completed(t *testing.T, words []string) []string {
	t.Helper()
	var out bytes.Buffer
	if err := execute(t.Context(), append(words, completionFlag), streams{out: &out, err: io.Discard}); err != nil {
		t.Fatal(err)
	}
	return strings.Fields(out.String())
}

// refusal is what a command says against the value of a flag; "" if it takes the value.
func refusal(t *testing.T, words []string, flag, value string) string {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"guide.md": "Nothing to check.\n", "nginx.conf": "events {}\nhttp {}\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	arguments := append(slices.Clone(words), accepted[strings.Join(words, " ")]...)
	if slices.Contains(readsCatalogue, strings.Join(words, " ")) {
		// Of the whole catalogue, which takes long to read, one scenario is enough.
		if err := os.CopyFS("scenarios/wrong-port", oneScenario); err != nil {
			t.Fatal(err)
		}
		arguments = append(arguments, "--scenarios=scenarios")
	}
	err := execute(t.Context(), append(arguments, flag+"="+value), streams{in: strings.NewReader(""), out: io.Discard, err: io.Discard})
	var none output.ErrNoForm
	if errors.As(err, &none) {
		return err.Error() // the command writes another product than it declares
	}
	var coded errExit
	if errors.As(err, &coded) && coded.code == output.Usage && strings.Contains(err.Error(), flag+":") {
		return err.Error()
	}
	return ""
}

// Completion offers what a command takes and nothing else: every form of every command is
// given to every command.
func TestCompletionOffersWhatTheCommandTakes(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix:///nonexistent/engine.sock")
	t.Setenv("LAB_CACHE", t.TempDir())
	type flagOf struct {
		words []string
		flag  string
	}
	every := map[string][]string{} // by flag: what any command takes
	var flags []flagOf
	app := newApp(streams{})
	for _, words := range commandPaths(app.Commands, []string{"lab"}) {
		for _, f := range flagsOf(app, words[1:]) {
			name := "--" + f.Names()[0]
			if _, known := f.(choice); known || name == "--report" {
				flags = append(flags, flagOf{words, name})
				every[name] = append(every[name], completed(t, append(slices.Clone(words), name, ""))...)
			}
		}
	}
	if len(flags) < 40 {
		t.Errorf("only %d flags of all commands take one of a few words", len(flags))
	}
	for _, one := range flags {
		t.Run(strings.Join(append(one.words, one.flag), " "), func(t *testing.T) {
			offered := completed(t, append(slices.Clone(one.words), one.flag, ""))
			slices.Sort(every[one.flag])
			for _, value := range append(slices.Compact(slices.Clone(every[one.flag])), "nonsense") {
				given := value
				if one.flag == "--report" {
					given = strings.TrimSuffix(value, "=") + "=" + "report.out"
				}
				refused := refusal(t, one.words, one.flag, given)
				switch takes := refused == ""; {
				case takes && !slices.Contains(offered, value):
					t.Errorf("%s=%s is taken and not offered", one.flag, value)
				case !takes && slices.Contains(offered, value):
					t.Errorf("%s=%s is offered and refused: %s", one.flag, value, refused)
				}
			}
		})
	}
}

// flagsOf are the flags of the command with the words.
func flagsOf(app *cli.App, words []string) []cli.Flag {
	commands, flags := app.Commands, []cli.Flag(nil)
	for _, word := range words {
		for _, c := range commands {
			if c.Name == word {
				commands, flags = c.Subcommands, c.Flags
				break
			}
		}
	}
	return flags
}
