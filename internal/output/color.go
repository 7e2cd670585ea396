package output

// colors are those of words that a reader looks for.
var colors = map[string]string{
	"verified":     "32",
	"refuted":      "1;31",
	"inconclusive": "33",
	"skipped":      "33",
	"ok":           "32",
	"warn":         "33",
	"fail":         "1;31",
}

// Paint colours a word, and leaves any other text as it is.
func Paint(word string, color bool) string {
	if code, ok := colors[word]; ok && color {
		return "\x1b[" + code + "m" + word + "\x1b[0m"
	}
	return word
}
