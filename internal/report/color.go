package report

import "github.com/gatewaylab/lab/internal/experiment"

// colors are those of words that a reader looks for.
var colors = map[string]string{
	string(experiment.Verified):     "32",
	string(experiment.Refuted):      "1;31",
	string(experiment.Inconclusive): "33",
	string(experiment.Skipped):      "33",
	"ok":                            "32",
	"warn":                          "33",
	"fail":                          "1;31",
}

// paint colours a word, and leaves any other text as it is.
func paint(word string, color bool) string {
	if code, ok := colors[word]; ok && color {
		return "\x1b[" + code + "m" + word + "\x1b[0m"
	}
	return word
}
