// Package notify plans, sends and repeats the notifications of operations that
// have ended.
package notify

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"time"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/internal/background"
	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/internal/wire"
	"github.com/vismanet-go/background/mockserver/journal"
	"github.com/vismanet-go/background/mockserver/profile"
	"github.com/vismanet-go/background/mockserver/queue"
)

// Config is what notifications are sent by.
type Config struct {
	Log     *slog.Logger
	Pool    *vtime.Pool
	Clocks  *vtime.Clocks
	Journal *journal.Recorder
	IDs     *wire.IDs
	Faults  *fault.Rules
	Shared  queue.Shared // nil: deliveries are kept here only
	Profile func(company string) profile.Profile

	Client        *http.Client // nil: one of its own
	TLS           *tls.Config  // of connections to receivers
	PublicTargets bool         // that one reaches others than loopback and private addresses

	Subscription func(company string) Subscription
	URLRetry     Retry

	// Operation returns an operation as it is now, without its content.
	Operation func(id string) (background.Operation, bool)
}

// A Subscription is where a company's notifications go that ask for it, and what
// identifies them.
type Subscription struct {
	URL                string // empty: nobody is told
	SigningKey         string // empty: no signature
	ID                 string
	TenantID           string
	ApplicationID      string
	ApplicationVersion string
	GroupID            string
	Retry              Retry
}

// Retry is how often and how soon a notification is tried.
type Retry struct {
	Attempts    int
	Interval    time.Duration // before the second attempt, doubled for each further one
	MaxInterval time.Duration
	Timeout     time.Duration // of one attempt, in real time
}

// before is the wait before attempt n+1.
func (r Retry) before(n int) time.Duration {
	wait := r.Interval
	for range n - 1 {
		if wait > r.MaxInterval/2 {
			return r.MaxInterval
		}
		wait *= 2
	}
	return min(wait, r.MaxInterval)
}
