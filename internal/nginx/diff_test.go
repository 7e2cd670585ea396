package nginx

import (
	"slices"
	"testing"
)

func TestDiffAndMix(t *testing.T) {
	read := func(text string) []*Directive {
		list, err := ReadConfig("nginx.conf", text)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	before := read(`# first
proxy_read_timeout 1s;
gzip on;
location /a { return 200 "a b"; }
location /b{ # empty
}
set_by_lua_block $x { return "}" }
location = /old {}`)
	after := read(`proxy_read_timeout
  2s;
location /a { return 200 "a  b"; allow all; }
location /b {}
set_by_lua_block $x { return "}" }
server_tokens off;
if ($a = "b c") { return 404; }`)
	changes := Diff(before, after)
	var got []string
	for _, c := range changes {
		got = append(got, c.Old+" -> "+c.New)
	}
	want := []string{
		"proxy_read_timeout 1s -> proxy_read_timeout 2s", `return 200 "a b" -> return 200 "a  b"`, " -> allow all",
		" -> server_tokens off", ` -> if ($a = "b c") {…}`, "gzip on -> ", "location = /old {…} -> ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := changes[5].String() + ", " + changes[0].String(); got != "no gzip on, proxy_read_timeout 2s" {
		t.Error(got)
	}
	// Of all changes none is left, and of none all are.
	for _, all := range []bool{true, false} {
		text := Mix(before, after, func(int) bool { return all })
		whole, bare := after, before
		if !all {
			whole, bare = bare, whole
		}
		if left := Diff(read(text), whole); left != nil {
			t.Errorf("%t: %q is left to change in\n%s", all, left, text)
		}
		if left := Diff(read(text), bare); len(left) != len(changes) {
			t.Errorf("%t: %q is left to change in\n%s", all, left, text)
		}
	}
	const one = `proxy_read_timeout 1s;
location /a {
    return 200 "a b";
    allow all;
}
location /b{}
set_by_lua_block $x { return "}" }
gzip on;
location = /old {}
`
	if got := Mix(before, after, func(i int) bool { return i == 2 }); got != one {
		t.Errorf("%s\nwant\n%s", got, one)
	}
	for _, c := range []struct {
		before, after string
		want          []string
	}{
		{"x_by_lua_block { a }", "x_by_lua_block { b }", []string{"x_by_lua_block {…}", "no x_by_lua_block {…}"}},
		{"x 2; x 1;", "x 3; x 2;", []string{"x 3"}},
		{"a b;", "a b {}", []string{"a b {…}", "no a b"}},
		{"a b;", " a\tb; # c", nil},
	} {
		var got []string
		for _, change := range Diff(read(c.before), read(c.after)) {
			got = append(got, change.String())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s and %s differ in %q, want %q", c.before, c.after, got, c.want)
		}
	}
}
