package mockserver_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/httpx"
	"github.com/vismanet-go/background/internal/httpx/httpxtest"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/operation"
)

// A receiver that ends each stream of HTTP/2 gets one request in an attempt,
// which net/http would send again without end, and the attempt says why it
// failed.
func TestAReceiverThatResetsGetsOneRequestInAnAttempt(t *testing.T) {
	for name, tt := range map[string]struct {
		answer httpxtest.Answer
		reason string
	}{
		"PROTOCOL_ERROR": {httpxtest.Reset(httpxtest.ProtocolError), httpx.ErrResend.Error()},
		"GOAWAY":         {httpxtest.GoAway(httpxtest.NoError), httpx.ErrResend.Error()},
		"INTERNAL_ERROR": {httpxtest.Reset(httpxtest.InternalError), "INTERNAL_ERROR; received from peer"},
	} {
		for kind, serve := range map[string]func(testing.TB, httpxtest.Answer) *httpxtest.Server{"TLS": httpxtest.Serve, "plain": httpxtest.ServePlain} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				srv := serve(t, tt.answer)
				cfg := mockserver.Config{NotifyClient: &http.Client{Transport: srv.Transport}}
				cfg.Subscription.Retry.Timeout = 10 * time.Second
				d, log := notifyOnce(t, cfg, srv.URL+"/hook")
				if srv.Requests() != 1 || d.State != operation.DeliveryDead || len(d.Attempts) != 1 || !strings.Contains(d.Attempts[0].Error, tt.reason) {
					t.Errorf("got %d requests, %s, %+v; want one, dead, %q", srv.Requests(), d.State, d.Attempts, tt.reason)
				}
				if line := log.line("notification not delivered"); !strings.Contains(line, tt.reason) {
					t.Errorf("the log says %q, want %q in it", line, tt.reason)
				}
			})
		}
	}
}
