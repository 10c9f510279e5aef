package scenario

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"

	"github.com/vismanet-go/background/mockserver/operation"
)

// A delivery is a notification as a step looks at it.
type delivery struct{ operation.Delivery }

// delivery is the notification of an operation; zero if there is none.
func (m *Mock) delivery(operationID string) delivery {
	for _, d := range m.Deliveries(operation.DeliveryFilter{OperationID: operationID}) {
		return delivery{d}
	}
	return delivery{}
}

func wasSent(a operation.Attempt) bool { return !a.Started.IsZero() }

// sent is how many attempts have reached the hook.
func (d delivery) sent() (n int) {
	for _, a := range d.Attempts {
		if wasSent(a) {
			n++
		}
	}
	return n
}

// last is the latest attempt that has reached the hook; zero if none has.
func (d delivery) last() (a operation.Attempt) {
	for _, next := range d.Attempts {
		if wasSent(next) {
			a = next
		}
	}
	return a
}

// isSigned reports whether a notification carries the signature of its company's
// subscription.
func (m *Mock) isSigned(d *delivery, header http.Header) bool {
	p := m.Profile(d.Company)
	name := cmp.Or(p.HeaderNames["signature-v1"], p.HeaderPrefix+"signature-v1")
	mac := hmac.New(sha256.New, []byte(m.Subscription(d.Company).SigningKey))
	mac.Write(d.Body)
	return header.Get(name) == base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
