package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/httpx/httpxtest"
	"github.com/vismanet-go/background/internal/testkit"
)

// reply is one answer of a server, or of whatever stands in front of it.
type reply func(*http.Request) (*http.Response, error)

// says is an answer that is whole.
func says(code int, kind, body string, header ...string) reply {
	return func(r *http.Request) (*http.Response, error) {
		h := http.Header{}
		if kind != "" {
			h.Set("Content-Type", kind)
		}
		for i := 0; i < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: code, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r}, nil
	}
}

// breaksOff is an answer that ends before its length.
func breaksOff(body string, err error) reply {
	return func(r *http.Request) (*http.Response, error) {
		resp, _ := says(200, "application/json", "")(r)
		resp.Body, resp.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader(body), failing500{err})), 500
		return resp, nil
	}
}

type failing500 struct{ err error }

func (f failing500) Read([]byte) (int, error) { return 0, f.err }

// neverEnds is a 101, whose body is a connection on which nothing comes.
func neverEnds(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 101, Header: http.Header{}, Body: deaf{}, ContentLength: -1, Request: r}, nil
}

type deaf struct{}

func (deaf) Read([]byte) (int, error) { select {} }
func (deaf) Close() error             { return nil }

const (
	page = "<!DOCTYPE html><html><body>sign in</body></html>"
	// finishedState is a state that may also stand for content and for what a
	// verifier reads.
	finishedState = `{"id":"` + id1 + `","status":"Finished","statusCode":200,"hasResponseContent":true}`
)

// TestAnswersByWhoReadsThem is the table in docs/answers.md, but for the columns
// of the token endpoint and the webhook. What a submit makes of an answer stands
// as one word; for a poll, content and a verifier it is "taken", or "again"
// where the call is made again later.
func TestAnswersByWhoReadsThem(t *testing.T) {
	tests := []struct {
		name                          string
		answer                        reply
		submit, poll, content, verify string
	}{
		{"200 with JSON", says(200, "application/json", finishedState), "foreground", "taken", "taken", "taken"},
		{"200 with JSON, no type", says(200, "", finishedState), "foreground", "taken", "taken", "taken"},
		{"200 with JSON, called HTML", says(200, "text/html", finishedState), "foreground", "taken", "taken", "taken"},
		{"200 with a PDF", says(200, "application/pdf", "%PDF-1.4"), "foreground", "again", "taken", "taken"},
		{"200 with XML", says(200, "application/xml", "<?xml version='1.0'?><invoice/>"), "foreground", "again", "taken", "taken"},
		{"200 with nothing", says(200, "", ""), "foreground", "again", "taken", "taken"},
		{"200 with nothing, called HTML", says(200, "text/html", ""), "foreground", "again", "taken", "taken"},
		{"200 with a page", says(200, "text/html", page), "uncertain", "again", "again", "again"},
		{"200 with a page, called JSON", says(200, "application/json", page), "uncertain", "again", "again", "again"},
		{"200 that ends before its length", breaksOff(`{"id":`, io.EOF), "uncertain", "again", "again", "again"},
		{"200 whose connection breaks", breaksOff(`{"id":`, io.ErrUnexpectedEOF), "uncertain", "again", "again", "again"},
		{"200 with JSON cut in the middle", says(200, "application/json", `{"id":"`), "uncertain", "again", "again", "taken"},
		{"203 with JSON", says(203, "application/json", finishedState), "foreground", "taken", "taken", "taken"},
		{"201 that names a stateLocation", says(201, "application/json", `{"id":"`+id1+`","stateLocation":"`+base+`/v1/background/`+id1+`"}`), "accepted", "again", "taken", "taken"},
		{"200 with a Location of a state", says(200, "", "", "Location", "/v1/background/"+id1), "accepted", "again", "taken", "taken"},
		{"303 to a state", says(303, "", "", "Location", "/v1/background/"+id1), "accepted", "again", "taken", "taken"},
		{"200 with JSON cut in the middle, called text", says(200, "text/plain", `{"id":"`), "uncertain", "again", "again", "taken"},
		{"200 with a script, no type", says(200, "", `<script>location="/login"</script>`), "uncertain", "again", "again", "again"},
		{"204", says(204, "", ""), "foreground", "again", "taken", "taken"},
		{"205", says(205, "", ""), "foreground", "again", "taken", "taken"},
		{"206", says(206, "application/json", finishedState, "Content-Range", "bytes 0-9/100"), "uncertain", "again", "again", "again"},
		{"207", says(207, "application/json", finishedState), "foreground", "taken", "taken", "taken"},
		{"202 without an id", says(202, "application/json", `{}`), "uncertain", "again", "again", "taken"},
		{"304", says(304, "", ""), "rejected", "again", "again", "taken"},
		{"302 to nowhere", says(302, "", "", "Location", "http://[::1"), "rejected", "again", "again", "taken"},
		{"400", says(400, "application/json", `{"message":"no"}`), "rejected", "again", "again", "taken"},
		{"404", says(404, "", ""), "rejected", "again", "again", "taken"},
		{"408", says(408, "", ""), "uncertain", "again", "again", "again"},
		{"425", says(425, "", ""), "rejected", "again", "again", "again"},
		{"500", says(500, "text/html", page), "uncertain", "again", "again", "again"},
		{"503 with Retry-After", says(503, "", "", "Retry-After", "5"), "uncertain", "again", "again", "again"},
		{"101", neverEnds, "uncertain", "again", "again", "again"},
		{"103 as the last", says(103, "", ""), "uncertain", "again", "again", "again"},
		{"000", says(0, "", ""), "uncertain", "again", "again", "again"},
		{"no answer and no error", func(*http.Request) (*http.Response, error) { return nil, nil }, "uncertain", "again", "again", "again"},
		{"no body", func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 200}, nil }, "foreground", "again", "taken", "taken"},
		{"an encoding that nobody knows", says(200, "application/json", "\x01\x02", "Content-Encoding", "br"), "foreground", "again", "again", "again"},
	}
	for _, tt := range tests {
		for part, want := range map[string]string{"submit": tt.submit, "poll": tt.poll, "content": tt.content, "verify": tt.verify} {
			t.Run(tt.name+"/"+part, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					if got := tried(t, part, tt.answer); got != want {
						t.Errorf("got %s, want %s", got, want)
					}
				})
			})
		}
	}
}

// tried gives an answer to one of the calls of an operation, once, and says what
// came of it.
func tried(t *testing.T, part string, odd reply) string {
	asked := 0
	trip := roundTripper(func(r *http.Request) (*http.Response, error) {
		kind := "poll"
		switch {
		case r.Header.Get("Erp-Api-Background") != "":
			kind = "submit"
		case strings.HasSuffix(r.URL.Path, "/content"):
			kind = "content"
		case r.URL.Path == "/v1/check":
			kind = "verify"
		}
		if kind == part {
			if asked++; asked == 1 {
				return odd(r)
			}
		}
		switch kind {
		case "submit":
			return says(202, "application/json", `{"id":"`+id1+`"}`)(r)
		case "poll":
			return says(200, "application/json", finishedState)(r)
		}
		return says(200, "application/json", `[1]`)(r)
	})
	c, err := client.New(client.Config{BaseURL: base, HTTPClient: &http.Client{Transport: trip}, Verifiers: map[string]client.Verifier{"v": {
		Path:  func(client.Verification) (string, error) { return "/v1/check", nil },
		Check: func(client.Verification, *http.Response) error { return nil },
	}}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	opts := client.SubmitOptions{}
	if part == "verify" {
		opts.Verify = "v"
	}
	op, err := c.Submit(t.Context(), request("POST", "/v1/customerinvoice", invoice), opts)
	if part == "submit" {
		s := client.State{}
		if op != nil {
			s, _ = op.State(t.Context())
		}
		_, refused := errors.AsType[*client.ResponseError](err)
		_, unclear := errors.AsType[*client.UncertainError](err)
		switch {
		case unclear:
			return "uncertain"
		case refused:
			return "rejected"
		case err == nil && s.Foreground:
			return "foreground"
		case err == nil && s.ID == id1:
			return "accepted"
		}
		return "neither"
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := op.Wait(testkit.Within(t, time.Hour)); err != nil {
		t.Fatalf("wait: %v", err)
	}
	if asked > 1 {
		return "again"
	}
	return "taken"
}

// TestAPageIsNoAnswerToAGET: it is not known what became of it either, and the
// error says that it may be repeated.
func TestAPageIsNoAnswerToAGET(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := serving(t, client.Config{}, write(200, page, "Content-Type", "text/html"))
		defer c.Close()
		_, err := c.Submit(t.Context(), request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{})
		if e, ok := errors.AsType[*client.UncertainError](err); !ok || !e.SafeToRepeat {
			t.Errorf("got %v, want an *UncertainError that is safe to repeat", err)
		}
		req := request("GET", "/v1/customerinvoice", "")
		req.Header.Set("Accept", "text/html")
		if _, err := c.Submit(t.Context(), req, client.SubmitOptions{}); err != nil {
			t.Errorf("asked for: got %v, want the answer", err)
		}
	})
}

// TestRefusedHTTP2Streams speaks with a real client of HTTP/2 and frames made by
// hand: what RFC 9113 (8.7) says was not processed was not sent.
func TestRefusedHTTP2Streams(t *testing.T) {
	tests := []struct {
		name    string
		answer  httpxtest.Answer // to each request
		notSent bool
	}{
		{"REFUSED_STREAM", httpxtest.Reset(httpxtest.RefusedStream), true},
		{"GOAWAY that names no stream", httpxtest.GoAway(httpxtest.NoError), true},
		{"GOAWAY with an error that names no stream", httpxtest.GoAway(httpxtest.InternalError), true},
		{"GOAWAY after this stream", httpxtest.GoAwayAfter, false},
		{"PROTOCOL_ERROR", httpxtest.Reset(httpxtest.ProtocolError), false},
		{"INTERNAL_ERROR", httpxtest.Reset(httpxtest.InternalError), false},
		{"CANCEL", httpxtest.Reset(httpxtest.Cancel), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := httpxtest.ServePlain(t, tt.answer)
			c, err := client.New(client.Config{BaseURL: srv.URL, HTTPClient: &http.Client{Transport: srv.Transport}})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			_, err = c.Submit(ctx, request("POST", "/v1/customerinvoice", invoice), client.SubmitOptions{})
			_, unclear := errors.AsType[*client.UncertainError](err)
			if err == nil || unclear == tt.notSent {
				t.Errorf("got %v, want not sent: %v", err, tt.notSent)
			}
		})
	}
}
