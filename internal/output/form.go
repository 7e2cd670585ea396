package output

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Product is what a command has to say. Its zero value has the same forms, so that a
// command can declare them before it has anything to say.
type Product interface {
	Forms() []Form
}

// Form is one way to write a product.
type Form struct {
	Name  string
	Write func(w io.Writer, screen Screen) error
	// Beside writes what a person is told on stderr while the form goes to stdout; nil is
	// nothing.
	Beside func(w io.Writer) error
}

// Names lists the forms of a product.
func Names(p Product) []string {
	var names []string
	for _, f := range p.Forms() {
		names = append(names, f.Name)
	}
	return names
}

// The forms in which a person, or a script of a few words, reads a product.
const (
	TableForm = "table"
	PlainForm = "plain"
	NameForm  = "name"
)

// ForPrograms reports whether a form is made for programs or for another place than a
// terminal.
func ForPrograms(form string) bool {
	return !slices.Contains([]string{TableForm, PlainForm, NameForm}, form)
}

// formOf finds a form of a product.
func formOf(p Product, name string) (Form, error) {
	for _, f := range p.Forms() {
		if f.Name == name {
			return f, nil
		}
	}
	return Form{}, ErrNoForm{name, Names(p)}
}

// ErrNoForm is an error about a form that a product does not have.
type ErrNoForm struct {
	Form  string
	Known []string
}

func (e ErrNoForm) Error() string {
	return fmt.Sprintf("what this writes has no form %q; there are %s", e.Form, strings.Join(e.Known, ", "))
}

// Check is an error if a product lacks a form that will be asked for.
func (d Destination) Check(p Product, files []File) error {
	_, err := formOf(p, d.Form)
	for _, file := range files {
		if _, missing := formOf(p, file.Form); err == nil {
			err = missing
		}
	}
	return err
}

// Destination is where a command writes its product.
type Destination struct {
	Out, Err io.Writer
	Form     string // of what goes to Out
	Screen   Screen
	Quiet    bool // nothing on Err
}

// Write writes the product to the files and to the destination. That one of them cannot
// be written does not keep the others from being.
func (d Destination) Write(p Product, files []File) error {
	// The files first: a reader of stdout that quits early ends this program.
	err := WriteFiles(p, files)
	form, unknown := formOf(p, d.Form)
	if unknown != nil {
		return errors.Join(err, unknown)
	}
	err = errors.Join(err, form.Write(d.Out, d.Screen))
	if form.Beside != nil && !d.Quiet {
		err = errors.Join(err, form.Beside(d.Err))
	}
	return err
}
