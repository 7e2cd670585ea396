// Command lab reproduces nginx gateway errors in containers, captures the evidence
// and proves the fixes. Here are flags and exit codes; the work is done elsewhere.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/gatewaylab/lab/internal/output"
	"github.com/gatewaylab/lab/internal/session"
)

// impatience is how long after the first signal a second one means the user.
const impatience = 100 * time.Millisecond

func main() {
	os.Exit(run(os.Args, standard()))
}

// run is the program: arguments in, exit code out.
func run(args []string, std streams) int {
	// What answers at once ends before there is anything to collect, and a collection is
	// a tenth of its time; what goes on for longer calls steady.
	debug.SetGCPercent(400)
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	go func() {
		first, ok := <-signals
		if !ok {
			return
		}
		fmt.Fprintf(std.err, "\nlab: %s: removing what was started; once more stops at once\n", first)
		cancel(errSignal{first})
		// What forwards signals, a shell's timeout say, sends one and the same twice.
		for wait := time.After(impatience); ; {
			select {
			case <-signals:
				continue
			case <-wait:
			}
			break
		}
		<-signals
		fmt.Fprintln(std.err, "\nlab: stopped at once; `lab prune` removes what is left")
		os.Exit(output.Interrupted)
	}()
	return exit(std, execute(ctx, args, std))
}

// dial begins to ask for the engine while something else is done.
func dial(ctx context.Context) *session.Dialling {
	steady()
	return session.Dial(ctx)
}

// steady has memory collected as usual.
func steady() { debug.SetGCPercent(100) }

// errSignal is why a run was interrupted.
type errSignal struct{ signal os.Signal }

func (e errSignal) Error() string { return "stopped by the signal " + e.signal.String() }

// exit says what went wrong and returns the exit code.
func exit(std streams, err error) int {
	if err == nil {
		return output.OK
	}
	var coded errExit
	var interrupted errSignal
	code := output.Environment
	switch {
	case errors.As(err, &coded):
		code = coded.code
	case errors.As(err, &interrupted):
		code = output.Interrupted
	}
	if err.Error() != "" {
		fmt.Fprintf(std.err, "lab: %s\n", output.Clean(err.Error()))
	}
	return code
}
