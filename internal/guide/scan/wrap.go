package scan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/internal/lazy"
	"github.com/gatewaylab/lab/internal/nginx"
)

// Bits of crossplane's tables, which it does not export; a test holds them to
// directives whose places are known.
const (
	confBlock  = 0x00000100
	outside    = 0x00020000 | 0x00040000 | 0x00080000 | 0x00100000 | 0x00200000 | streamConf
	streamConf = 0x00400000 | 0x00800000 | 0x01000000
	httpConf   = 0x02000000
	serverConf = 0x04000000
	placeConf  = 0x08000000 // location
	groupConf  = 0x10000000 // upstream
)

// A context that a snippet can be put into, and what stands around it there.
type context struct {
	bit           uint
	name          string
	before, after string
}

var contexts = []context{
	{placeConf, "location", "server { listen 127.0.0.1:8099; location /lab-scan/ {", "} }"},
	{serverConf, "server", "server {", "}"},
	{httpConf, "http", "", ""},
	{groupConf, "upstream", "upstream lab_scan_group { server 127.0.0.1:9;", "}"},
}

// errCannot says why nginx cannot be asked about a snippet.
type errCannot string

func (e errCannot) Error() string { return string(e) }

// wrapped is a snippet as nginx is given it.
type wrapped struct {
	text  string
	lines []int // of the snippet, from 0, for each of the text's; -1: none
}

// wrap puts a snippet where its directives belong, with stand-ins for what only the
// guide's own machine has.
func wrap(text string) (wrapped, error) {
	list, _ := nginx.ReadSnippet(text)
	if len(list) == 0 {
		return wrapped{}, errCannot("there is no directive in it")
	}
	if streams(list) {
		return wrapped{}, errCannot("it reads as a part of the stream block, and lab's trials are of http")
	}
	if !slices.ContainsFunc(list, func(d *nginx.Directive) bool { return !outer(d) }) {
		return wrapped{}, errCannot(fmt.Sprintf("%q stands outside of the http block, and lab's trials are inside", list[0].Name))
	}
	w := wrapped{}
	w.add(-1, standIns(text, list))
	text = standInsFor(text, list)
	list, _ = nginx.ReadSnippet(text)
	at := 0
	for i := 0; i < len(list); {
		d := list[i]
		if d.Name == "http" && d.IsBlock {
			// The lab's own configuration has this block.
			end := d.End
			if d.Ended {
				end--
			}
			w.addText(text, at, d.Start)
			w.addHTTP(text, d.Block, d.Body, max(end, d.Body))
			at = d.End
			i++
			continue
		}
		if outer(d) {
			w.addText(text, at, d.Start)
			at = d.End
			i++
			continue
		}
		j := i + 1
		for j < len(list) && list[j].Name != "http" && !outer(list[j]) {
			j++
		}
		c, n := contextOf(list[i:j])
		if n == 0 {
			return w, errCannot(fmt.Sprintf("%q stands outside of the http block, and lab's trials are inside", d.Name))
		}
		w.addText(text, at, d.Start)
		w.add(-1, c.before)
		if c.bit == httpConf {
			w.addHTTP(text, list[i:i+n], d.Start, list[i+n-1].End)
		} else {
			w.addText(text, d.Start, list[i+n-1].End)
		}
		w.add(-1, c.after)
		at = list[i+n-1].End
		i += n
	}
	w.addText(text, at, len(text))
	return w, nil
}

// placeholder is what a reader has to fill in.
var placeholder = lazy.Regexp(`(?:^|[^?])<[A-Za-z][\w .-]*>|\{\{|\{%|(?i:\b(?:your|my)[_-]|xxx)` +
	`|\b[a-z]\.[a-z]\.[a-z]\.[a-z]\b|\[(?:your|port|host)[^\]]*\]|\$\{?[A-Z_]{3,}`)

// outer reports whether a directive stands outside of the http block, which is the
// lab's own there.
func outer(d *nginx.Directive) bool {
	return places(d)&outside != 0 && places(d)&(httpConf|serverConf|placeConf|groupConf) == 0 && d.Name != "http"
}

// elsewhere reports whether a directive is one of other blocks than http.
func elsewhere(d *nginx.Directive) bool {
	masks, module, ok := masksOf(d.Name)
	var all uint
	for _, m := range masks {
		all |= m
	}
	return ok && module == "" && all&outside != 0 && all&(httpConf|serverConf|placeConf|groupConf) == 0
}

// streams reports whether a server of the stream block is among directives: it passes
// connections on, without a location and to no URL.
func streams(list []*nginx.Directive) bool {
	for _, d := range list {
		if d.Name != "server" || !d.IsBlock {
			continue
		}
		for _, inner := range d.Block {
			if inner.Name == "proxy_pass" && len(inner.Args) > 0 && !strings.Contains(inner.Args[0], "://") {
				return true
			}
		}
	}
	return false
}

// contextOf is the context that as many directives as possible may stand in, from the
// first on, and how many these are.
func contextOf(list []*nginx.Directive) (best context, most int) {
	for _, c := range contexts {
		n := 0
		for n < len(list) && places(list[n])&c.bit != 0 {
			n++
		}
		if n > most {
			best, most = c, n
		}
	}
	return best, most
}

// places is where a directive may stand, by crossplane's tables; an unknown one stands
// where the others do.
func places(d *nginx.Directive) uint {
	masks, _, ok := masksOf(d.Name)
	switch {
	case !ok:
		return placeConf | serverConf | httpConf
	case d.Name == "location": // inside another it must continue its path
		return serverConf
	}
	var all uint
	for _, m := range masks {
		if (m&confBlock != 0) == d.IsBlock || len(masks) == 1 {
			all |= m
		}
	}
	return all
}

func (w *wrapped) add(line int, text string) {
	if text == "" {
		return
	}
	for range strings.Count(text, "\n") + 1 {
		w.lines = append(w.lines, line)
	}
	w.text += text + "\n"
}

// addText adds a part of the snippet, line by line.
func (w *wrapped) addText(text string, start, end int) {
	if strings.TrimSpace(text[start:end]) == "" {
		return
	}
	line := lineOf(text, start)
	for i, one := range strings.Split(text[start:end], "\n") {
		w.lines = append(w.lines, line+i)
		w.text += one + "\n"
	}
}

// Directives that the lab's own http block has already; a snippet's are tried in a server
// of their own.
var ours = []string{"default_type", "keepalive_timeout", "client_max_body_size"}

// addHTTP adds what stands directly in the http block.
func (w *wrapped) addHTTP(text string, list []*nginx.Directive, start, end int) {
	var moved []*nginx.Directive
	rest := text
	for _, d := range list {
		if slices.Contains(ours, d.Name) && d.Ended {
			moved = append(moved, d)
			rest = blank(rest, d.Start, d.End)
		}
	}
	w.addText(rest, start, end)
	if len(moved) == 0 {
		return
	}
	w.add(-1, "server { listen 127.0.0.1:8098;")
	for _, d := range moved {
		w.addText(text, d.Start, d.End)
	}
	w.add(-1, "}")
}
