package report

import "github.com/gatewaylab/lab/internal/output"

// What nearly every line of this package calls has a short name here.

func clean(text string) string             { return output.Clean(text) }
func oneLine(text string) string           { return output.OneLine(text) }
func cut(text string, n int) string        { return output.Cut(text, n) }
func indent(prefix, text string) string    { return output.Indent(prefix, text) }
func paint(word string, color bool) string { return output.Paint(word, color) }

// command is a command that a reader can type.
func command(text string) output.Text { return output.Styled(output.Command, text) }

// correct says what is right instead.
func correct(text string) output.Text {
	return output.Spans(output.Styled(output.Strong, "Correct:"), output.Plain(" "+text))
}
