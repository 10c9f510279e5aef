package clientauth_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/vismanet-go/background/client/clientauth"
	"github.com/vismanet-go/background/internal/httpx"
	"github.com/vismanet-go/background/internal/httpx/httpxtest"
)

// TestATokenEndpointThatResetsMakesNoStorm has a server of HTTP/2 end each call
// without an answer, which net/http would send again without end.
func TestATokenEndpointThatResetsMakesNoStorm(t *testing.T) {
	tests := []struct {
		name   string
		answer httpxtest.Answer
		sends  int   // of one call
		err    error // nil: another one
	}{
		{"PROTOCOL_ERROR", httpxtest.Reset(httpxtest.ProtocolError), 3, httpx.ErrResend},
		{"GOAWAY", httpxtest.GoAway(httpxtest.NoError), 3, httpx.ErrResend},
		{"INTERNAL_ERROR", httpxtest.Reset(httpxtest.InternalError), 1, nil},
	}
	for _, tt := range tests {
		for kind, serve := range map[string]func(testing.TB, httpxtest.Answer) *httpxtest.Server{"TLS": httpxtest.Serve, "plain": httpxtest.ServePlain} {
			t.Run(tt.name+", "+kind, func(t *testing.T) {
				t.Parallel()
				srv := serve(t, tt.answer)
				tr := &counted{next: srv.Transport}
				cfg := config(&endpoint{})
				cfg.TokenURL, cfg.HTTPClient, cfg.RetryFor = srv.URL, &http.Client{Transport: tr}, 2*time.Second
				s := mustNew(t, cfg)
				_, err := s.HTTPClient().Get(erpBase + "/v1/customer")
				te, ok := errors.AsType[*clientauth.TokenError](err)
				if !ok || !te.NotSent() || !te.Temporary() || te.StatusCode != 0 || tt.err != nil && !errors.Is(err, tt.err) {
					t.Errorf("got %v, want a *TokenError that wraps %v", err, tt.err)
				}
				n := srv.Requests()
				if tr.calls < 1 || tr.calls > 5 || n < tt.sends || n > tt.sends*tr.calls {
					t.Errorf("got %d requests in %d calls, want %d in each of a few", n, tr.calls, tt.sends)
				}
			})
		}
	}
}
