package nginx

import (
	"encoding/json"
	"strings"
)

// Record is one record of the lab's own access log; see fixtures/nginx/nginx.conf.
// Times are in seconds as nginx writes them, "-" or "" where there is none, and
// several joined by commas after a retry.
type Record struct {
	Probe                  string `json:"probe"`
	PID                    int    `json:"pid"`
	Connection             int64  `json:"connection"`
	Status                 string `json:"status"` // "009" for an HTTP/0.9 answer
	Request                string `json:"request"`
	BodyBytesSent          int64  `json:"body_bytes_sent"`
	RequestTime            string `json:"request_time"`
	RequestCompletion      string `json:"request_completion"`
	UpstreamAddr           string `json:"upstream_addr"`
	UpstreamStatus         string `json:"upstream_status"`
	UpstreamConnectTime    string `json:"upstream_connect_time"`
	UpstreamHeaderTime     string `json:"upstream_header_time"`
	UpstreamResponseTime   string `json:"upstream_response_time"`
	UpstreamBytesReceived  string `json:"upstream_bytes_received"`
	UpstreamBytesSent      string `json:"upstream_bytes_sent"`
	UpstreamResponseLength string `json:"upstream_response_length"`

	// Of a user's own configuration only:
	Host        string `json:"http_host,omitempty"`
	CacheStatus string `json:"upstream_cache_status,omitempty"`
	Trail       string `json:"lab_trail,omitempty"` // the locations that the request went through, "3,7,"
}

// ParseAccessLog reads the records of an access log; lines that are none are left out.
func ParseAccessLog(text string) []Record {
	var records []Record
	for line := range strings.SplitSeq(text, "\n") {
		var r Record
		if json.Unmarshal([]byte(line), &r) == nil && (r.Probe != "" || r.Status != "") {
			records = append(records, r)
		}
	}
	return records
}
