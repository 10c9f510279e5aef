package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestALoopEndsByTimeByNumberAndByError(t *testing.T) {
	calls := Loop{Senders: 4, For: time.Hour, Max: 100}
	tally, err := calls.Run(t.Context(), func(context.Context, int, int) error { return nil })
	if err != nil || len(tally.Took) != 100 {
		t.Errorf("got %d calls and %v, want 100", len(tally.Took), err)
	}
	timed := Loop{Senders: 4, For: 20 * time.Millisecond}
	if tally, err = timed.Run(t.Context(), func(context.Context, int, int) error { time.Sleep(time.Millisecond); return nil }); err != nil || len(tally.Took) == 0 {
		t.Errorf("got %d calls and %v", len(tally.Took), err)
	}
	bad := errors.New("bad")
	if _, err := calls.Run(t.Context(), func(_ context.Context, _, n int) error {
		if n == 7 {
			return bad
		}
		return nil
	}); !errors.Is(err, bad) {
		t.Errorf("got %v, want the error of the call", err)
	}
}

func TestQuantilesAreOfSortedCalls(t *testing.T) {
	took := make([]time.Duration, 100)
	for i := range took {
		took[i] = time.Duration(i+1) * time.Millisecond
	}
	if a, b := Quantile(took, 0.5), Quantile(took, 0.99); a != 51*time.Millisecond || b != 100*time.Millisecond {
		t.Errorf("got %v and %v", a, b)
	}
	if Quantile(nil, 0.5) != 0 {
		t.Error("of nothing it is not 0")
	}
}

func TestAConnectionCarriesManyCalls(t *testing.T) {
	var seen []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen = append(seen, r.RemoteAddr)
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, "%s %s %s %s", r.Method, r.URL.Path, r.Header.Get("X-One"), body)
	}))
	defer srv.Close()
	conns, stop, err := DialAll(t.Context(), srv.URL, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for i := range 3 {
		body, err := conns[0].Want(202, Call{Method: "POST", Path: "/a", Header: "X-One: 1\r\n", Body: fmt.Append(nil, i)})
		if want := fmt.Sprintf("POST /a 1 %d", i); err != nil || string(body) != want {
			t.Errorf("got %s %v, want %s", body, err, want)
		}
	}
	if seen[0] != seen[1] || seen[1] != seen[2] {
		t.Errorf("not one connection: %v", seen)
	}
	if _, err := conns[0].Want(200, Call{Method: "GET", Path: "/"}); err == nil {
		t.Error("another status is no error")
	}
}
