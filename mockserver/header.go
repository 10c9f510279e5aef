package mockserver

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// backgroundHeader is the request header that sends a request to the queue.
const backgroundHeader = "erp-api-background"

// notifyMode says whom to tell when an operation has ended.
type notifyMode string

const (
	notifyNone         notifyMode = "none"
	notifyURL          notifyMode = "url"
	notifySubscription notifyMode = "subscription"
)

// A pair is one name=value of a subscription value.
type pair struct{ name, value string }

// A background is a parsed erp-api-background header.
type background struct {
	mode  notifyMode
	url   string // notifyURL only
	pairs []pair // notifySubscription only
}

var errHeaderValue = errors.New("unknown value")

// parseBackground reads the header's value: "none", "subscription",
// "subscription:name=value,..." (both words without case) or an absolute http
// or https URL. Pairs are split at commas, name and value at the first "=";
// empty pairs are dropped, and rules say the rest.
func parseBackground(value string, rules PairRules) (background, error) {
	value = strings.Trim(value, " \t")
	if strings.EqualFold(value, "none") {
		return background{mode: notifyNone}, nil
	}
	word, rest, _ := strings.Cut(value, ":")
	if strings.EqualFold(strings.TrimSpace(word), "subscription") {
		pairs, err := rules.parse(rest)
		return background{mode: notifySubscription, pairs: pairs}, err
	}
	if u, err := url.Parse(value); err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") {
		return background{mode: notifyURL, url: value}, nil
	}
	return background{}, fmt.Errorf("%w %q", errHeaderValue, value)
}

func (rules PairRules) parse(s string) ([]pair, error) {
	var pairs []pair
	for part := range strings.SplitSeq(s, ",") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		p, err := rules.pair(part)
		switch i := slices.IndexFunc(pairs, func(other pair) bool { return strings.EqualFold(other.name, p.name) }); {
		case errors.Is(err, errReservedName) && rules.DropReserved:
		case err != nil:
			return nil, err
		case i < 0 || rules.Repeated == RepeatedAll:
			pairs = append(pairs, p)
		case rules.Repeated == RepeatedRefuse:
			return nil, fmt.Errorf("%w: the name %q comes twice", errHeaderValue, p.name)
		case rules.Repeated == RepeatedLast:
			pairs[i] = p
		}
	}
	return pairs, nil
}

// pair reads one name=value.
func (rules PairRules) pair(s string) (pair, error) {
	name, value, ok := strings.Cut(s, "=")
	if !ok {
		return pair{}, fmt.Errorf("%w: pair %q has no =", errHeaderValue, s)
	}
	p := pair{strings.TrimSpace(name), value}
	if !rules.KeepBlanks {
		p.value = strings.TrimSpace(value)
	}
	if rules.Percent {
		plain, err := url.PathUnescape(p.value)
		if err != nil {
			return p, fmt.Errorf("%w: the value of %q: %w", errHeaderValue, p.name, err)
		}
		p.value = plain
	}
	if rules.RefuseEmpty && p.value == "" {
		return p, fmt.Errorf("%w: the value of %q is empty", errHeaderValue, p.name)
	}
	return p, p.check()
}

// errReservedName: the name is the connection's, or the sender's.
var errReservedName = fmt.Errorf("%w: a reserved header name", errHeaderValue)

// check refuses what cannot become, or must not replace, a header of the
// notification.
func (p pair) check() error {
	lower := strings.ToLower(p.name)
	switch {
	case p.name == "" || strings.ContainsFunc(p.name, notTokenChar):
		return fmt.Errorf("%w: %q is not a header name", errHeaderValue, p.name)
	case strings.HasPrefix(lower, "x-vwd-"), strings.HasPrefix(lower, "content-"), reservedNames[lower]:
		return fmt.Errorf("%w %q", errReservedName, p.name)
	case strings.ContainsFunc(p.value, func(r rune) bool { return r < ' ' && r != '\t' || r > '~' }):
		return fmt.Errorf("%w: the value of %q is not printable ASCII", errHeaderValue, p.name)
	}
	return nil
}

// reservedNames belong to the connection or to the sender; the map is never
// written.
var reservedNames = map[string]bool{
	"host": true, "authorization": true, "connection": true, "keep-alive": true,
	"proxy-connection": true, "proxy-authorization": true, "proxy-authenticate": true,
	"te": true, "trailer": true, "transfer-encoding": true, "upgrade": true,
}

func notTokenChar(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}

// String formats b so that readBackground reads the same again, whatever the
// rules were by which it was parsed.
func (b background) String() string {
	switch {
	case b.mode == notifyURL:
		return b.url
	case len(b.pairs) == 0:
		return string(b.mode)
	}
	escape := strings.NewReplacer("%", "%25", ",", "%2C", " ", "%20", "\t", "%09")
	parts := make([]string, len(b.pairs))
	for i, p := range b.pairs {
		parts[i] = p.name + "=" + escape.Replace(p.value)
	}
	return string(b.mode) + ":" + strings.Join(parts, ",")
}

// readBackground reads what String wrote.
func readBackground(s string) (background, error) {
	return parseBackground(s, PairRules{Percent: true})
}
