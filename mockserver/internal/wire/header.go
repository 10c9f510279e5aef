package wire

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/vismanet-go/background/mockserver/internal/check"
	"github.com/vismanet-go/background/mockserver/profile"
)

// BackgroundHeader is the request header that sends a request to the queue.
const BackgroundHeader = "erp-api-background"

// Mode says whom to tell when an operation has ended.
type Mode string

// Modes.
const (
	NotifyNone         Mode = "none"
	NotifyURL          Mode = "url"
	NotifySubscription Mode = "subscription"
)

// A Pair is one name=value of a subscription value.
type Pair struct{ Name, Value string }

// A Background is a parsed erp-api-background header.
type Background struct {
	Mode  Mode
	URL   string // NotifyURL only
	Pairs []Pair // NotifySubscription only
}

// ErrHeaderValue: the header's value is not understood.
var ErrHeaderValue = errors.New("unknown value")

// ParseBackground reads the header's value: "none", "subscription",
// "subscription:name=value,..." (both words without case) or an absolute http
// or https URL. Pairs are split at commas, name and value at the first "=";
// empty pairs are dropped, and rules say the rest.
func ParseBackground(value string, rules profile.PairRules) (Background, error) {
	value = strings.Trim(value, " \t")
	if strings.EqualFold(value, "none") {
		return Background{Mode: NotifyNone}, nil
	}
	word, rest, _ := strings.Cut(value, ":")
	if strings.EqualFold(strings.TrimSpace(word), "subscription") {
		pairs, err := parsePairs(rest, rules)
		return Background{Mode: NotifySubscription, Pairs: pairs}, err
	}
	if u, err := url.Parse(value); err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") {
		return Background{Mode: NotifyURL, URL: value}, nil
	}
	return Background{}, fmt.Errorf("%w %q", ErrHeaderValue, value)
}

func parsePairs(s string, rules profile.PairRules) ([]Pair, error) {
	var pairs []Pair
	for part := range strings.SplitSeq(s, ",") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		p, err := parsePair(part, rules)
		switch i := slices.IndexFunc(pairs, func(other Pair) bool { return strings.EqualFold(other.Name, p.Name) }); {
		case errors.Is(err, errReservedName) && rules.DropReserved:
		case err != nil:
			return nil, err
		case i < 0 || rules.Repeated == profile.RepeatedAll:
			pairs = append(pairs, p)
		case rules.Repeated == profile.RepeatedRefuse:
			return nil, fmt.Errorf("%w: the name %q comes twice", ErrHeaderValue, p.Name)
		case rules.Repeated == profile.RepeatedLast:
			pairs[i] = p
		}
	}
	return pairs, nil
}

// parsePair reads one name=value.
func parsePair(s string, rules profile.PairRules) (Pair, error) {
	name, value, ok := strings.Cut(s, "=")
	if !ok {
		return Pair{}, fmt.Errorf("%w: pair %q has no =", ErrHeaderValue, s)
	}
	p := Pair{strings.TrimSpace(name), value}
	if !rules.KeepBlanks {
		p.Value = strings.TrimSpace(value)
	}
	if rules.Percent {
		plain, err := url.PathUnescape(p.Value)
		if err != nil {
			return p, fmt.Errorf("%w: the value of %q: %w", ErrHeaderValue, p.Name, err)
		}
		p.Value = plain
	}
	if rules.RefuseEmpty && p.Value == "" {
		return p, fmt.Errorf("%w: the value of %q is empty", ErrHeaderValue, p.Name)
	}
	return p, p.check()
}

// errReservedName: the name is the connection's, or the sender's.
var errReservedName = fmt.Errorf("%w: a reserved header name", ErrHeaderValue)

// check refuses what cannot become, or must not replace, a header of the
// notification.
func (p Pair) check() error {
	lower := strings.ToLower(p.Name)
	switch {
	case !check.IsToken(p.Name):
		return fmt.Errorf("%w: %q is not a header name", ErrHeaderValue, p.Name)
	case strings.HasPrefix(lower, "x-vwd-"), strings.HasPrefix(lower, "content-"), reservedNames[lower]:
		return fmt.Errorf("%w %q", errReservedName, p.Name)
	case strings.ContainsFunc(p.Value, func(r rune) bool { return r < ' ' && r != '\t' || r > '~' }):
		return fmt.Errorf("%w: the value of %q is not printable ASCII", ErrHeaderValue, p.Name)
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

// String formats b so that ReadBackground reads the same again, whatever the
// rules were by which it was parsed.
func (b Background) String() string {
	switch {
	case b.Mode == NotifyURL:
		return b.URL
	case len(b.Pairs) == 0:
		return string(b.Mode)
	}
	escape := strings.NewReplacer("%", "%25", ",", "%2C", " ", "%20", "\t", "%09")
	parts := make([]string, len(b.Pairs))
	for i, p := range b.Pairs {
		parts[i] = p.Name + "=" + escape.Replace(p.Value)
	}
	return string(b.Mode) + ":" + strings.Join(parts, ",")
}

// ReadBackground reads what String wrote.
func ReadBackground(s string) (Background, error) {
	return ParseBackground(s, profile.PairRules{Percent: true})
}

// WebhookAddress is how the state document tells of it; a subscription has a
// word for an address.
func (b Background) WebhookAddress(subscription string) string {
	switch b.Mode {
	case NotifyURL:
		return b.URL
	case NotifySubscription:
		return subscription
	}
	return "none"
}
