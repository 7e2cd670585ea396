package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gatewaylab/lab/guides"
	"github.com/gatewaylab/lab/internal/guide"
	"github.com/gatewaylab/lab/internal/scenario"
	"github.com/gatewaylab/lab/internal/wholefile"
)

func guideCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:        "guide",
		Usage:       "check a troubleshooting guide by experiment",
		Subcommands: []*cli.Command{guideVerifyCommand(std), guideScanCommand(std), guideAcceptCommand(std)},
	}
}

func claimsFlag() cli.Flag {
	return &cli.StringFlag{Name: "claims", Usage: "take the claims of `FILE`; by default those of lab's own files that fit the guide best"}
}

// readGuide reads the guide that is a command's first argument.
func readGuide(c *cli.Context, std streams) (guide.Document, error) {
	name := c.Args().First()
	if name == "" {
		return guide.Document{}, usage("`%s` needs the guide's file: text, Markdown or HTML, or - for standard input", c.Command.HelpName)
	}
	var text []byte
	var err error
	if name == "-" {
		text, err = io.ReadAll(io.LimitReader(std.in, guide.MaxDocument+1))
	} else {
		text, err = readBounded(name, guide.MaxDocument)
	}
	if err != nil {
		return guide.Document{}, usage("reading the guide %q: %w", name, err)
	}
	d, err := guide.Read(name, text)
	if err != nil {
		return d, usage("%w", err)
	}
	return d, nil
}

// readBounded reads a plain file, a little more than limit bytes of it at the most: a
// pipe or a device could go on for ever.
func readBounded(name string, limit int64) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, pathCause(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a plain file: pipe it in, and name it -")
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, pathCause(err)
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit+1))
}

// maxClaimsFile bounds a claims file, in bytes.
const maxClaimsFile = 2 << 20

// readClaims reads the claims of a file, or those of lab's own that fit the guide best.
func readClaims(file string, d guide.Document, catalogue []scenario.Scenario) (guide.Claims, string, error) {
	if file != "" {
		text, err := readBounded(file, maxClaimsFile)
		if err == nil && len(text) > maxClaimsFile {
			err = fmt.Errorf("it has more than %d bytes", maxClaimsFile)
		}
		if err != nil {
			return guide.Claims{}, "", usage("reading the claims %q: %w", file, err)
		}
		claims, err := guide.Load(file, string(text), catalogue)
		if err != nil {
			return claims, "", usage("reading the claims %q:\n%w", file, err)
		}
		return claims, string(text), nil
	}
	var best guide.Claims
	fits := 0
	entries, err := guides.FS.ReadDir(".")
	if err != nil {
		return best, "", err
	}
	for _, entry := range entries {
		text, err := guides.FS.ReadFile(entry.Name())
		if err != nil {
			return best, "", err
		}
		claims, err := guide.Load(path.Join("guides", entry.Name()), string(text), catalogue)
		if err != nil {
			return best, "", usage("reading lab's own claims with these scenarios:\n%w", err)
		}
		if n := 100 * claims.Fits(d) / len(claims.Claims); n > fits {
			best, fits = claims, n
		}
	}
	if fits < fitsAtLeast {
		return best, "", usage(
			"none of lab's own claims files fits the guide %q: name one with --claims FILE, or let `lab guide scan %s` draft one",
			d.Name,
			quoted(d.Name),
		)
	}
	return best, "", nil
}

// fitsAtLeast is the percentage of a claims file's statements that a guide must still
// have to be taken for the same.
const fitsAtLeast = 25

func guideAcceptCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "accept",
		Usage:     "note where claims stand in a guide that has changed",
		ArgsUsage: "GUIDE [ID...]",
		Description: "Writes line and fingerprint of the statements that have the claims' fragments into the\n" +
			"claims file, of all claims or of those that are named. Read the statements first: it\n" +
			"is you who says that the claims still are what the guide says.",
		Flags: []cli.Flag{&cli.StringFlag{Name: "claims", Required: true, Usage: "the claims `FILE`"}, scenariosFlag()},
		Action: func(c *cli.Context) error {
			d, err := readGuide(c, std)
			if err != nil {
				return err
			}
			all, err := readCatalogue(c.String("scenarios"))
			if err != nil {
				return err
			}
			file := c.String("claims")
			claims, text, err := readClaims(file, d, all.scenarios)
			if err != nil {
				return err
			}
			var ids []string
			for _, claim := range claims.Claims {
				ids = append(ids, claim.ID)
			}
			for _, id := range c.Args().Tail() {
				if err := knownClaim(id, ids); err != nil {
					return err
				}
			}
			changed, err := guide.Accept(d, claims, text, c.Args().Tail())
			if err != nil {
				return usage("accepting claims of %q:\n%w", file, err)
			}
			if changed == text {
				_, err = fmt.Fprintf(std.err, "%s is up to date\n", file)
				return err
			}
			return wholefile.WriteText(file, []byte(changed))
		},
	}
}

func knownClaim(id string, ids []string) error {
	for _, one := range ids {
		if one == id {
			return nil
		}
	}
	return usage("no claim %q%s", id, instead(id, ids, "there are "+strings.Join(ids, ", ")))
}
