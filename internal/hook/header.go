package hook

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// Limits of the value of an erp-api-background header. The ERP documents
// none; these stay below every limit of the servers and proxies on the way.
const (
	MaxURL          = 255  // bytes of a webhook URL
	MaxSubscription = 1024 // bytes of "subscription:…"
)

// Pair becomes a header of the notification.
type Pair struct{ Name, Value string }

// CheckPair returns nil if the sender can be expected to bring the pair back
// as a header: what it does to any other is not documented, and so it is
// refused before the request is sent. The error names the part that is wrong
// and says what was wanted.
func CheckPair(name, value string) error {
	if err := checkName(name); err != nil {
		return err
	}
	return checkValue(name, value)
}

func checkName(name string) error {
	if !passesProxies(name) {
		return fmt.Errorf("pair name %q: want letters, digits and - only, for proxies drop headers with any other name", name)
	}
	lower := strings.ToLower(name)
	if reserved[lower] {
		return fmt.Errorf("pair name %q: want one that means nothing to HTTP or to a proxy", name)
	}
	for _, prefix := range reservedPrefixes {
		if strings.HasPrefix(lower, prefix) {
			return fmt.Errorf("pair name %q: want one that does not start with %q", name, prefix)
		}
	}
	return nil
}

// passesProxies reports whether a header of this name comes through proxies in
// their usual configuration.
func passesProxies(name string) bool {
	for i := range len(name) {
		c := name[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-') {
			return false
		}
	}
	return name != ""
}

func checkValue(name, value string) error {
	if value == "" {
		return fmt.Errorf("value of pair %q: want at least one character", name)
	}
	for i, c := range value {
		if c < ' ' || c > '~' || c == ',' {
			return fmt.Errorf("value of pair %q: byte %d is %q, want printable ASCII without commas", name, i, c)
		}
	}
	if strings.Trim(value, " ") != value {
		return fmt.Errorf("value of pair %q: want no blanks at its ends", name)
	}
	return nil
}

var reservedPrefixes = []string{"x-vwd-", "content-", "proxy-", "sec-", "x-forwarded-"}

// reserved names change how a message is framed, routed, authorised or
// attributed.
var reserved = map[string]bool{
	"connection": true, "keep-alive": true, "te": true, "trailer": true, "trailers": true,
	"transfer-encoding": true, "upgrade": true, "http2-settings": true,
	"host": true, "expect": true, "date": true, "via": true, "max-forwards": true,
	"forwarded": true, "x-real-ip": true, "origin": true, "referer": true, "user-agent": true,
	"authorization": true, "www-authenticate": true, "cookie": true, "set-cookie": true,
	"accept-encoding": true, "x-http-method-override": true, "erp-api-background": true,
}

// IsToken reports whether s can be the name of an HTTP header (RFC 9110, 5.1).
func IsToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}

// SubscriptionHeader returns "subscription", or "subscription:n1=v1,n2=v2"
// with the pairs in their order. It fails if a pair fails [CheckPair], if a
// name comes twice in any case, or if the value is longer than
// [MaxSubscription]; it reports every fault.
func SubscriptionHeader(pairs []Pair) (string, error) {
	var errs []error
	seen := make(map[string]bool, len(pairs))
	var b strings.Builder
	b.WriteString("subscription")
	for i, p := range pairs {
		if err := CheckPair(p.Name, p.Value); err != nil {
			errs = append(errs, err)
			continue
		}
		if lower := strings.ToLower(p.Name); seen[lower] {
			errs = append(errs, fmt.Errorf("pair name %q: want each name once, in any case", p.Name))
		} else {
			seen[lower] = true
		}
		b.WriteByte(":,"[min(i, 1)])
		b.WriteString(p.Name + "=" + p.Value)
	}
	if b.Len() > MaxSubscription {
		errs = append(errs, fmt.Errorf("pairs: the header would have %d bytes, want at most %d", b.Len(), MaxSubscription))
	}
	if len(errs) > 0 {
		return "", errors.Join(errs...)
	}
	return b.String(), nil
}

// WebhookHeader returns the URL of a notification: base, a slash, and the
// capability. Base must be an absolute https URL (http only on loopback)
// without user, query and fragment, and the whole at most [MaxURL] bytes. The
// error never holds the capability.
func WebhookHeader(base, capability string) (string, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return "", errors.New("webhook base URL: want https://host/path")
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", errors.New("webhook base URL: want no user, query or fragment")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !IsLoopback(u.Hostname())) {
		return "", fmt.Errorf("webhook base URL: its scheme is %q, want https (or http on loopback)", u.Scheme)
	}
	if !isSegment(capability) {
		return "", errors.New("webhook capability: want one URL path segment")
	}
	s := u.JoinPath(capability).String()
	if len(s) > MaxURL {
		return "", fmt.Errorf("webhook base URL: with its capability it has %d bytes, want at most %d", len(s), MaxURL)
	}
	return s, nil
}

func isSegment(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return strings.Trim(s, ".") != ""
}

// IsLoopback reports whether a host is this machine: localhost, or an address
// of the loopback range. No name is looked up.
func IsLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
