package output

import (
	"html"
	"strings"
)

// markup is what Markdown would take for more than text.
var markup = strings.NewReplacer("\\", `\\`, "|", `\|`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "#", `\#`, "~", `\~`)

// Inline is untrusted text inside a line of Markdown, in which HTML is alive.
func Inline(s string) string { return html.EscapeString(markup.Replace(OneLine(s))) }

// Fenced is text as a block; its fence is longer than any in the text.
func Fenced(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + "text\n" + strings.TrimRight(text, "\n") + "\n" + fence
}
