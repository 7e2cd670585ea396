package nginx

import "testing"

func TestFileKindOf(t *testing.T) {
	for name, want := range map[string]FileKind{
		"ssl_certificate": Certificate, "proxy_ssl_certificate": Certificate, "grpc_ssl_certificate_key": CertificateKey,
		"ssl_trusted_certificate": Authority, "ssl_client_certificate": PeerAuthority, "uwsgi_ssl_trusted_certificate": PeerAuthority,
		"ssl_dhparam": DHParameters, "auth_basic_user_file": Passwords, "ssl_crl": Revocations, "proxy_ssl_dhparam": "",
		"proxy_ssl_password_file": Passphrases, "ssl_session_ticket_key": TicketKey,
		"fastcgi_ssl_certificate": "", "proxy_pass": "", "root": "", "": "",
	} {
		if got := FileKindOf(name); got != want {
			t.Errorf("%q names %q, want %q", name, got, want)
		}
	}
}
