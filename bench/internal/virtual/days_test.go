package virtual

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
)

// TestTwoDays polls an operation every minute of two virtual days: while it
// runs, while its result is kept, and when it is gone. It logs the real time
// that this took, which the row reads.
func TestTwoDays(t *testing.T) {
	begun := time.Now()
	polls := make(map[string]int)
	synctest.Test(t, func(t *testing.T) { twoDays(t, polls) })
	t.Logf("real time: %d µs", time.Since(begun).Microseconds())
	want := map[string]int{"Started": 20 * 60, "Finished": 24 * 60, "404": 4 * 60}
	if fmt.Sprint(polls) != fmt.Sprint(want) {
		t.Errorf("2880 polls found %v, want %v", polls, want)
	}
}

func twoDays(t *testing.T, polls map[string]int) {
	srv, err := mockserver.New(mockserver.Config{ExecTime: mockserver.Fixed(20 * time.Hour), Retention: 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	c := srv.Client()
	get := func(path, background string) (status int, doc struct{ ID, Status string }) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, mockserver.BaseURL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if background != "" {
			req.Header.Set("erp-api-background", background)
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode < 300 {
			if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
				t.Fatal(err)
			}
		}
		return resp.StatusCode, doc
	}
	status, accepted := get("/v1/customerinvoice/003501", "none")
	if status != http.StatusAccepted {
		t.Fatalf("answered %d", status)
	}
	time.Sleep(30 * time.Second) // so that no poll falls on a change
	for range 2 * 24 * 60 {
		status, doc := get("/v1/background/"+accepted.ID, "")
		word := doc.Status
		if status != http.StatusOK {
			word = fmt.Sprint(status)
		}
		polls[word]++
		time.Sleep(time.Minute)
	}
}
