package trial

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
)

// Every kind of step must be read back from JSON unchanged, even if it contains spaces, quotes
// or line breaks.
func TestStepJSON(t *testing.T) {
	t.Parallel()
	const odd = ` two  words
	"and" 'more' `
	var steps []Step
	for _, kind := range Steps {
		switch kind.Object {
		case NoObject:
			steps = append(steps, Step{Do: kind.Name})
		case AnyBackend:
			steps = append(steps, Step{Do: kind.Name}, Step{Do: kind.Name, Target: "app"}, Step{Do: kind.Name, Target: odd})
		case Time:
			steps = append(steps, Step{Do: kind.Name}, Step{Do: kind.Name, Wait: protocol.Duration(1500 * time.Millisecond)})
		case FileMode:
			steps = append(steps, Step{Do: kind.Name, Mode: "0660", Target: "/lab/run/app.sock"},
				Step{Do: kind.Name, Mode: "0660", Target: odd})
		case FileOwner:
			steps = append(steps, Step{Do: kind.Name, Owner: "10:20", Target: "/lab/run/app.sock"},
				Step{Do: kind.Name, Owner: "root", Target: odd})
		case Path:
			steps = append(steps, Step{Do: kind.Name, Target: "/lab/run/app.sock"}, Step{Do: kind.Name, Target: odd})
		case Command:
			steps = append(steps, Step{Do: kind.Name, Run: "systemctl status app"}, Step{Do: kind.Name, Run: odd})
		default:
			t.Errorf("the step %q has an object that this test does not know", kind.Name)
		}
	}
	for _, want := range steps {
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Step
		if err := json.Unmarshal(text, &got); err != nil || got != want {
			t.Errorf("%s is read back as %+v (%v), want %+v", text, got, err, want)
		}
	}
}

func TestStepJSONRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`3`:            "reading a step: json: cannot unmarshal number into Go value of type string",
		`"wait later"`: `reading the step "wait later": "later" is not a time span: write it as 300ms or 2s`,
	} {
		var s Step
		if err := json.Unmarshal([]byte(text), &s); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
