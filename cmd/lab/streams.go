package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// streams is where lab reads and writes, and which of it is a person's terminal.
type streams struct {
	in          io.Reader
	out, err    io.Writer
	inTerminal  bool
	outTerminal bool
	errTerminal bool
	width       int // of the terminal that out is
}

func standard() streams {
	s := streams{
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
		inTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		outTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		errTerminal: term.IsTerminal(int(os.Stderr.Fd())),
	}
	if s.outTerminal {
		s.width, _, _ = term.GetSize(int(os.Stdout.Fd()))
	}
	return s
}
