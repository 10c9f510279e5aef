package client

import (
	"errors"
	"fmt"
	"time"

	"github.com/vismanet-go/background/internal/hook"
)

const (
	// backgroundHeader asks the ERP to queue the request.
	backgroundHeader = "Erp-Api-Background"

	modeNone         = "none"
	modeSubscription = "subscription"
	modeURL          = "url"
)

// Notify says how the ERP tells that an operation is done. The zero value
// means the default of the place where it stands: in [Config] no
// notification, in [SubmitOptions] what Config says.
type Notify struct {
	mode   string
	base   string
	secret string
	pairs  []Pair
}

// Pair is a header that the ERP sends with a notification in subscription
// mode, to carry reference ids of your own. Name must be letters, digits and -,
// because proxies drop any other header without a word, and Value printable
// ASCII without a comma.
type Pair struct{ Name, Value string }

// NoNotification has the ERP tell nobody: the client finds out by polling.
// An uncertain operation can then be resolved only by a person or a [Resolver].
func NoNotification() Notify { return Notify{mode: modeNone} }

// Subscription has the ERP call the webhook subscription that is registered
// for the application in the Visma Developer Portal. The client adds its own
// correlation value to the pairs. It hears of notifications through the store
// that it shares with the receiver: without [Config.Store] it warns.
func Subscription(pairs ...Pair) Notify { return Notify{mode: modeSubscription, pairs: pairs} }

// WebhookURL has the ERP call an address below base, where a receiver is
// mounted. Each operation gets an address of its own: a capability signed
// with the secret, which the receiver needs too. The vendor calls this mode
// deprecated.
func WebhookURL(base, secret string) Notify { return Notify{mode: modeURL, base: base, secret: secret} }

// String tells the mode only: neither address nor secret.
func (n Notify) String() string {
	if n.mode == "" {
		return "default"
	}
	return n.mode
}

// GoString keeps %#v from printing the secret.
func (n Notify) GoString() string { return "client.Notify(" + n.String() + ")" }

// check builds the header once with a sample ref, so that a mistake shows
// when the client is made and not at the first submit.
func (n Notify) check() error {
	_, err := n.header(hook.NewRef(), nil, time.Now())
	return err
}

// header builds the value of the background header for one operation.
func (n Notify) header(ref string, extra []Pair, now time.Time) (string, error) {
	if len(extra) > 0 && n.mode != modeSubscription {
		return "", wrong("Pairs", errors.New("only a subscription carries them"))
	}
	switch n.mode {
	case "", modeNone:
		return "none", nil
	case modeSubscription:
		pairs := make([]hook.Pair, 0, 1+len(n.pairs)+len(extra))
		pairs = append(pairs, hook.Pair{Name: hook.RefHeader, Value: ref})
		for _, list := range [][]Pair{n.pairs, extra} {
			for _, p := range list {
				pairs = append(pairs, hook.Pair{Name: p.Name, Value: p.Value})
			}
		}
		return hook.SubscriptionHeader(pairs)
	case modeURL:
		if len(n.secret) < 16 {
			return "", errors.New("the secret of WebhookURL: want at least 16 bytes")
		}
		return hook.WebhookHeader(n.base, hook.NewCapability(n.secret, ref, now))
	}
	return "", fmt.Errorf("unknown mode %q", n.mode)
}
