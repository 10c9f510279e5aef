package mockserver_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
)

// An operation of ten minutes ends for its caller behind the old gateway, which
// takes the same poll five times a minute, and the same failing one twice in five
// minutes.
func TestPollsLiveWithLimitsOnEqualRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startClientFlow(t, mockserver.Config{
			RateLimit: mockserver.OldGatewayLimit(), ExecTime: mockserver.Fixed(10 * time.Minute),
		}, client.NoNotification())
		op := f.submit("POST", "/v1/customerPayment/400653/action/release", `{"type":{"value":"Payment"}}`, client.SubmitOptions{})
		began := time.Now()
		answer, err := op.Wait(t.Context())
		if err != nil || answer.StatusCode != 200 {
			t.Fatalf("got %+v, %v", answer, err)
		}
		if took := time.Since(began); took > 12*time.Minute {
			t.Errorf("it took %v, want no more than 12 min", took)
		}
		refused := 0
		for _, r := range f.Journal().Requests("") {
			if r.StatusCode == 429 {
				refused++
			}
		}
		if refused > 3 {
			t.Errorf("%d polls were refused, want no more than 3", refused)
		}
	})
}
