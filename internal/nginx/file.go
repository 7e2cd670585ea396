package nginx

// FileKind is what a file holds that a directive names.
type FileKind string

const (
	Certificate    FileKind = "a certificate"
	CertificateKey FileKind = "a certificate's key"
	Authority      FileKind = "certificate authorities"
	PeerAuthority  FileKind = "certificate authorities that the other side's certificate is checked with"
	Revocations    FileKind = "revoked certificates"
	Passphrases    FileKind = "passphrases of keys"
	Passwords      FileKind = "passwords of users"
	DHParameters   FileKind = "parameters of Diffie-Hellman"
	TicketKey      FileKind = "a key of session tickets"
)

// files is the directives whose first argument is the name of a file; familyFiles is the
// same for the families that pass requests on with TLS.
var (
	files = map[string]FileKind{
		"ssl_certificate":         Certificate,
		"ssl_certificate_key":     CertificateKey,
		"ssl_trusted_certificate": Authority,
		"ssl_client_certificate":  PeerAuthority,
		"ssl_crl":                 Revocations,
		"ssl_password_file":       Passphrases,
		"ssl_dhparam":             DHParameters,
		"ssl_session_ticket_key":  TicketKey,
		"auth_basic_user_file":    Passwords,
	}
	familyFiles = map[string]FileKind{
		"ssl_certificate":         Certificate,
		"ssl_certificate_key":     CertificateKey,
		"ssl_trusted_certificate": PeerAuthority,
		"ssl_crl":                 Revocations,
		"ssl_password_file":       Passphrases,
	}
)

// FileKindOf is what the file holds that a directive names; "" if it names none.
func FileKindOf(name string) FileKind {
	f, rest, ok := FamilyOf(name)
	switch {
	case !ok:
		return files[name]
	case f.TLSScheme == "":
		return ""
	}
	return familyFiles[rest]
}
