package deployment

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/nginx"
)

// Change is one thing that differs in the lab.
type Change struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Was  string `json:"was,omitempty"` // "": it was not there
	Now  string `json:"now,omitempty"` // "": it is not there
	Why  string `json:"why"`
}

// Edits is changes of files to the byte.
type Edits struct {
	files   map[string]string
	edits   map[string]map[nginx.Span]string
	Changes []Change
}

// NewEdits begins with files as they are.
func NewEdits(files map[string]string) *Edits {
	return &Edits{files: files, edits: map[string]map[nginx.Span]string{}}
}

// Replace puts text in a directive's place; its lines stay where they are. A file that
// is included twice is changed once.
func (e *Edits) Replace(d *nginx.Directive, text, why string) {
	e.change(d.File, d.Start, d.End, text, Change{d.File, d.Line, short(e.files[d.File][d.Start:d.End]), text, why})
}

// Into puts text at the beginning of a block.
func (e *Edits) Into(block *nginx.Directive, text, why string) {
	e.change(block.File, block.Body, block.Body, " "+text, Change{block.File, block.Line, "", text, why})
}

// Below puts lines at the beginning of a block, as a person would: what stands below moves
// down.
func (e *Edits) Below(block *nginx.Directive, lines ...string) {
	text := e.files[block.File]
	indent := func(at int) string {
		line := text[strings.LastIndexByte(text[:at], '\n')+1 : at]
		return line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	}
	deeper := indent(block.Start) + "    "
	if len(block.Block) > 0 && block.Block[0].File == block.File {
		deeper = indent(block.Block[0].Start)
	}
	all := ""
	for _, line := range lines {
		all += "\n" + deeper + line
	}
	e.change(block.File, block.Body, block.Body, all, Change{block.File, block.Line, "", strings.Join(lines, " "), ""})
}

// After puts a line behind a directive.
func (e *Edits) After(d *nginx.Directive, line string) {
	text := e.files[d.File]
	begin := text[strings.LastIndexByte(text[:d.Start], '\n')+1 : d.Start]
	indent := begin[:len(begin)-len(strings.TrimLeft(begin, " \t"))]
	e.change(d.File, d.End, d.End, "\n"+indent+line, Change{d.File, d.Line, "", line, ""})
}

// First puts text in front of a file.
func (e *Edits) First(file, text, why string) {
	e.change(file, 0, 0, text+" ", Change{file, 1, "", text, why})
}

func short(s string) string { return strings.Join(strings.Fields(s), " ") }

func (e *Edits) change(file string, start, end int, text string, c Change) {
	if e.edits[file] == nil {
		e.edits[file] = map[nginx.Span]string{}
	}
	at := nginx.Span{Start: start, End: end}
	if before, ok := e.edits[file][at]; ok {
		if start == end && !strings.Contains(before, text) {
			e.edits[file][at] = before + text
			e.Changes = append(e.Changes, c)
		}
		return
	}
	lines := strings.Count(e.files[file][start:end], "\n") - strings.Count(text, "\n")
	e.edits[file][at] = text + strings.Repeat("\n", max(0, lines))
	e.Changes = append(e.Changes, c)
}

// Result is the files that were changed.
func (e *Edits) Result() map[string]string {
	all := map[string]string{}
	for file, edits := range e.edits {
		text := e.files[file]
		// From the end, so that what is in front stays where it is; what is inserted goes
		// in front of what is replaced.
		for _, at := range slices.SortedFunc(maps.Keys(edits), func(a, b nginx.Span) int {
			return cmp.Or(cmp.Compare(b.Start, a.Start), cmp.Compare(b.End, a.End))
		}) {
			text = text[:at.Start] + edits[at] + text[at.End:]
		}
		all[file] = text
	}
	slices.SortStableFunc(e.Changes, func(a, b Change) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return all
}

// Adaptation is what must differ in the lab and does not follow from the configuration.
type Adaptation struct {
	Scale Scale
	Real  bool   // times stay as they are
	User  string // of the workers, where the configuration's is none of the image's
	// Taken is the ports at which something stands in at an address that is not loopback:
	// a socket for every address of such a port would be in its way.
	Taken []string
}

// The lab's own logs, beside which the configuration's make no sense.
const (
	accessLog = "access_log " + protocol.DeployedLogs + "/access.log lab_record;"
	errorLog  = "error_log " + protocol.DeployedLogs + "/error.log info;"
)

// recordFormat is nginx.Record, with the trail of locations.
func recordFormat() string {
	text := `log_format lab_record escape=json '{"probe":"$http_x_lab_probe","pid":$pid,"connection":$connection,` +
		`"body_bytes_sent":$body_bytes_sent'`
	for _, name := range []string{
		"status", "request_time", "request_completion", "upstream_addr", "upstream_status", "upstream_connect_time",
		"upstream_header_time", "upstream_response_time", "upstream_bytes_received", "upstream_bytes_sent",
		"upstream_response_length", "http_host", "upstream_cache_status", "lab_trail",
	} {
		text += fmt.Sprintf(` ',"%s":"$%s"'`, name, name)
	}
	return text + ` '}';`
}

// Adapt changes what must differ in a lab, and nothing else.
func (s *Site) Adapt(a Adaptation) *Edits {
	e := NewEdits(s.Files)
	main := []string{"daemon off;", "worker_processes 1;", "pid " + protocol.DeployedLogs + "/nginx.pid;", errorLog}
	if a.User != "" {
		main = append(main, "user "+a.User+";")
	}
	e.First(s.Main, strings.Join(main, " "), "the lab starts nginx itself, with one worker, "+
		"so that what workers remember does not depend on luck, and reads its logs")
	s.Walk(func(d *nginx.Directive) {
		switch {
		case d.Parent == nil && d.Is("daemon", "master_process", "worker_processes", "pid", "worker_cpu_affinity"),
			d.Parent == nil && d.Is("user") && a.User != "":
			e.Replace(d, "", "as given on the first line")
		case d.Is("error_log") && d.Parent == nil:
			e.Replace(d, "", "as given on the first line")
		case d.Is("error_log"):
			e.Replace(d, errorLog, "the lab reads the log")
		case d.Is("access_log"):
			s.accessLog(e, d)
		case d.Is("ssl_crl") || strings.HasSuffix(d.Name, "_ssl_crl"):
			e.Replace(d, "", "the lab's own certificate authority stands in, which has no list of revocations")
		case d.Is("listen") && d.In("http") != nil:
			s.listen(e, d, a.Taken)
		case IsTimer(d) && !a.Real:
			if t, ok := nginx.ParseTime(d.Arg(0)); ok && t > 0 && a.Scale.Of(t) != t {
				e.Replace(d, fmt.Sprintf("%s %s;", d.Name, nginx.FormatTime(a.Scale.Of(t))), "scaled")
			}
		}
	})
	for _, http := range s.Top {
		if http.Is("http") {
			e.Into(http, recordFormat()+" "+accessLog+` map "" $lab_trail { default ""; }`, "the lab's own record of each request")
			if defaults := s.defaults(http, a); defaults != "" && !a.Real {
				e.Into(http, defaults, "nginx's default, scaled")
			}
		}
	}
	return e
}

// accessLog replaces the first of a block and drops the others.
func (s *Site) accessLog(e *Edits, d *nginx.Directive) {
	const why = "the lab reads the log"
	text := accessLog
	if d.Parent == nil || d.Parent.Is("http") || d.In("http") == nil {
		text = ""
	} else {
		for _, other := range d.Parent.Block {
			if other.Is("access_log") {
				if other != d {
					text = ""
				}
				break
			}
		}
	}
	e.Replace(d, text, why)
}

// listen makes room for what stands in, and takes HTTP/2 from where it would be spoken
// without TLS only.
func (s *Site) listen(e *Edits, d *nginx.Directive, taken []string) {
	l := newListen(d)
	args := slices.Clone(d.Args)
	var why []string
	if slices.Contains(taken, l.Port) && (l.Host == "" || l.Host == "::") {
		host := "127.0.0.1"
		if l.Host == "::" {
			host = "::1"
		}
		args[0] = net.JoinHostPort(host, l.Port)
		args = slices.DeleteFunc(args, func(word string) bool { return strings.HasPrefix(word, "ipv6only=") })
		why = append(why, "what stands in for an upstream listens on this port of another address")
	}
	if l.HTTP2 && !l.TLS {
		args = slices.DeleteFunc(args, func(word string) bool { return word == "http2" })
		why = append(why, "the lab's probes speak HTTP/1.1")
	}
	if why != nil {
		e.Replace(d, "listen "+strings.Join(args, " ")+";", strings.Join(why, "; "))
	}
}

// defaults is nginx's own timers, scaled, where the http block has none.
func (s *Site) defaults(http *nginx.Directive, a Adaptation) string {
	has := func(name string) bool {
		return slices.ContainsFunc(http.Block, func(d *nginx.Directive) bool { return d.Name == name })
	}
	var all []string
	add := func(name string) {
		if text := fmt.Sprintf("%s %s;", name, nginx.FormatTime(a.Scale.Of(defaultTime(name)))); !has(name) && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	for _, p := range s.Passes() {
		for _, rest := range []string{"_connect_timeout", "_send_timeout", "_read_timeout"} {
			add(p.Family.Name + rest)
		}
	}
	if s.Resolvers() != nil {
		add("resolver_timeout")
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// Mark notes in each location that a request was there.
func (s *Site) Mark(e *Edits) {
	for _, l := range s.Locations {
		e.Into(l.Directive, fmt.Sprintf(`set $lab_trail "${lab_trail}%d,";`, l.Mark), "which locations a request goes through")
	}
}
