package operation

import (
	"net/http"
	"strings"
	"time"
)

// A DeliveryState tells how far a notification has got.
type DeliveryState string

// These are the states of a delivery.
const (
	DeliveryWaiting   DeliveryState = "Waiting"   // for the operation's end, or the next attempt
	DeliveryDelivered DeliveryState = "Delivered" // an attempt got a 2xx
	DeliveryDead      DeliveryState = "Dead"      // all attempts failed
	DeliveryDropped   DeliveryState = "Dropped"   // not sent, by a fault or by the profile
	DeliveryHeld      DeliveryState = "Held"      // for somebody to let it go
)

// A Delivery is the notification of one operation.
type Delivery struct {
	OperationID    string
	Company        string
	Method         string // of the operation
	Path           string
	NotificationID string // the same for all attempts
	Mode           string // "url" or "subscription"
	URL            string
	State          DeliveryState
	Body           []byte    // nil until the operation has ended
	Attempts       []Attempt // oldest first, duplicates included
	Fault          string    // name of the rule that disturbed it
}

// An Attempt is one sending of a notification.
type Attempt struct {
	Started, Ended time.Time
	Header         http.Header // as it was sent
	StatusCode     int         // 0: no answer
	Error          string      // why no answer came, or none that counts
	Duplicate      bool        // sent again after a success, by a fault
	Replayed       bool        // sent with another operation's body, by a fault
	Redelivery     bool        // asked for by hand
}

// An Edit is a change of a notification that is held; what is nil stays as it is.
type Edit struct {
	Body   []byte
	Header http.Header // set in what is sent; a field without values is left out of it
}

// A DeliveryFilter says which deliveries are meant; empty fields mean any.
type DeliveryFilter struct {
	OperationID string
	Company     string
	State       DeliveryState
}

// Fits reports whether f means d.
func (f DeliveryFilter) Fits(d *Delivery) bool {
	return (f.OperationID == "" || strings.EqualFold(f.OperationID, d.OperationID)) &&
		(f.Company == "" || f.Company == d.Company) && (f.State == "" || f.State == d.State)
}
