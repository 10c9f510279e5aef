package memerp

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// ask makes a call and returns its answer with the body read.
func ask(t *testing.T, rt http.RoundTripper, method, path string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, Base+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(body) {
		t.Errorf("%s %s answered %s", method, path, body)
	}
	return resp, string(body)
}

func TestTheLimitIsThatOfAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{Limit: 3, Keep: true}
		ask(t, s, http.MethodPost, "/v2/customerinvoice")
		time.Sleep(59*time.Minute + 30*time.Second)
		for i, want := range []struct {
			status                 int
			left, reset, retryTill string
		}{{200, "1", "30", ""}, {200, "0", "30", ""}, {429, "0", "30", "30"}} {
			resp, _ := ask(t, s, http.MethodGet, "/v1/background/"+ID(0))
			h := resp.Header
			if resp.StatusCode != want.status || h.Get("X-RateLimit-Remaining") != want.left || h.Get("X-RateLimit-Reset") != want.reset || h.Get("Retry-After") != want.retryTill {
				t.Errorf("call %d answered %d with %v, want %+v", i+1, resp.StatusCode, h, want)
			}
		}
		time.Sleep(30 * time.Second)
		if left := s.Left(); left != 3 {
			t.Errorf("the next hour has %d calls, want 3", left)
		}
		if resp, _ := ask(t, s, http.MethodGet, "/v1/background/"+ID(0)+"/content"); resp.StatusCode != http.StatusOK {
			t.Errorf("the next hour answered %d", resp.StatusCode)
		}
		tally, hours := s.Tally()
		if (tally != Tally{Submits: 1, Polls: 2, Contents: 1, Refused: 1}) || len(hours) != 2 || hours[0] != (Window{Calls: 3, Refused: 1}) || hours[1] != (Window{Calls: 1}) {
			t.Errorf("counted %+v in %+v", tally, hours)
		}
	})
}

func TestAnOperationEndsWhenItsTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{Runs: func(n int) time.Duration { return time.Duration(n+1) * time.Minute }, Running: 1}
		_, accepted := ask(t, s, http.MethodPost, "/v2/customerinvoice")
		if !strings.Contains(accepted, ID(0)) {
			t.Fatalf("accepted with %s, want the id %s", accepted, ID(0))
		}
		for i, tt := range []struct {
			after time.Duration
			word  string
		}{{0, "Started"}, {59 * time.Second, "Started"}, {time.Second, "Finished"}} {
			time.Sleep(tt.after)
			if _, state := ask(t, s, http.MethodGet, "/v1/background/"+ID(0)); !strings.Contains(state, `"`+tt.word+`"`) {
				t.Errorf("poll %d: %s, want %s", i+1, state, tt.word)
			}
		}
		behind := time.Now().Add(90 * time.Second).UTC().Format("2006-01-02T15:04:05")
		if _, state := ask(t, Ahead{s, 90 * time.Second}, http.MethodGet, "/v1/background/"+ID(0)); !strings.Contains(state, `"finishedUtc":"`+behind) {
			t.Errorf("to one whose clock is behind it says %s, want an end at %s", state, behind)
		}
		ask(t, s, http.MethodGet, "/v1/background/"+ID(0)+"/content")
		if _, there := s.Get(ID(0)); there {
			t.Error("the operation is there when its content was read")
		}
	})
}

func TestASecondSubmitOfTheSameIsCounted(t *testing.T) {
	s := &Server{}
	for range 2 {
		req, err := http.NewRequestWithContext(WithIndex(t.Context(), 7), http.MethodPost, Base+"/v2/customerinvoice", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if tally, _ := s.Tally(); tally.Submits != 2 || tally.Twice != 1 {
		t.Errorf("counted %+v, want two submits, one of them for the second time", tally)
	}
	if op, there := s.Get(ID(7)); !there || op.N != 7 {
		t.Errorf("got %+v, %v, want operation 7", op, there)
	}
}
