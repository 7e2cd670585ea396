package imagetest

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/gatewaylab/lab/internal/engine"
)

const (
	relaidPasswd = "root:x:0:0:root:/root:/nologin\n" +
		"app:x:101:101:app:/nonexistent:/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/nologin\n"
	relaidGroup  = "root:x:0:\napp:x:101:\nnogroup:x:65534:\n"
	relaidConfig = `user app;
pid /opt/nginx/run/nginx.pid;
events {}
http {
    include mime.types;
    access_log /var/log/nginx/access.log;
    error_log /var/log/nginx/error.log;
    server { listen 8080; location / { return 200 "relaid\n"; } }
}
`
)

// Relaid makes an image in which nginx is not where nginx images usually have it. The program
// is in /opt/nginx/sbin, which is in PATH. The configuration is in /opt/nginx/conf and has
// `user app` with uid 101; the image has USER 101. The logs are links to /dev/stdout and
// /dev/stderr. There is no www-data, no /etc/nginx and no shell. base must be an image that
// lab assembled.
func Relaid(ctx context.Context, e engine.Images, base string) (ref string, cleanup func(), err error) {
	source, err := e.Image(ctx, base)
	if err != nil {
		return "", nil, fmt.Errorf("changing the layout of %s: %w", base, err)
	}
	id := make([]byte, 6)
	_, _ = rand.Read(id) // never fails
	ref = "lab-test/relaid:" + hex.EncodeToString(id)
	pr, pw := io.Pipe()
	go func() {
		pw.CloseWithError(Layer(ctx, e, base, func(layer *tar.Reader) error { return relay(layer, tar.NewWriter(pw)) }))
	}()
	err = e.Import(ctx, ref, "linux/"+source.Arch, []string{
		"ENV PATH=/opt/nginx/sbin:/usr/sbin:/usr/bin",
		"USER 101",
		fmt.Sprintf("LABEL %s=relaid", engine.LabelImage),
		`CMD ["nginx","-c","/opt/nginx/conf/nginx.conf","-g","daemon off;"]`,
	}, pr)
	pr.CloseWithError(io.ErrClosedPipe)
	if err != nil {
		return "", nil, fmt.Errorf("changing the layout of %s: %w", base, err)
	}
	return ref, func() { _ = e.RemoveImage(context.WithoutCancel(ctx), ref) }, nil
}

func relay(from *tar.Reader, to *tar.Writer) error {
	for _, dir := range []string{"opt/", "opt/nginx/", "opt/nginx/sbin/", "opt/nginx/conf/"} {
		if err := to.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir, Mode: 0o755}); err != nil {
			return err
		}
	}
	if err := to.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "opt/nginx/run/", Mode: 0o755, Uid: 101, Gid: 101}); err != nil {
		return err
	}
	for {
		header, err := from.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if header.Name = moved(header.Name); header.Name == "" || header.Linkname == "busybox" {
			continue
		}
		if header.Uid == 33 { // www-data, which this image does not have
			header.Uid, header.Gid = 101, 101
		}
		if err := to.WriteHeader(header); err != nil {
			return err
		}
		if _, err := io.Copy(to, from); err != nil {
			return err
		}
	}
	for name, text := range map[string]string{"etc/passwd": relaidPasswd, "etc/group": relaidGroup,
		"opt/nginx/conf/nginx.conf": relaidConfig} {
		if err := to.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			return err
		}
		if _, err := io.Copy(to, bytes.NewBufferString(text)); err != nil {
			return err
		}
	}
	for name, target := range map[string]string{"access.log": "/dev/stdout", "error.log": "/dev/stderr"} {
		if err := to.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: "var/log/nginx/" + name, Linkname: target,
			Mode: 0o777}); err != nil {
			return err
		}
	}
	return to.Close()
}

// moved returns the new path of a file of the base image, or "" if the file is left out.
func moved(name string) string {
	clean := path.Clean(name)
	switch clean {
	case "usr/sbin/nginx":
		return "opt/nginx/sbin/nginx"
	case "etc/passwd", "etc/group", "etc/nginx", "etc/nginx/nginx.conf", "usr/bin/busybox":
		return ""
	}
	for _, dir := range []string{"etc/nginx/sites-available", "etc/nginx/sites-enabled"} {
		if clean == dir || strings.HasPrefix(clean, dir+"/") {
			return ""
		}
	}
	if rest, ok := strings.CutPrefix(name, "etc/nginx/"); ok {
		return "opt/nginx/conf/" + rest
	}
	return name
}
