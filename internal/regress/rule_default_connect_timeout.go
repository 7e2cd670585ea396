package regress

// A client waits a minute for an upstream that takes no connection, because nobody has set
// the timeout.
var defaultConnectTimeout = defaultTimeout(
	"default-connect-timeout", "connect-stall", "_connect_timeout", "3s", "takes no connection")
