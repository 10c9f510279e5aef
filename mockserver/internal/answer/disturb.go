package answer

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// A Caller is whose answer is disturbed.
type Caller struct {
	Context context.Context // of the request
	Task    *vtime.Task     // the request itself
	Base    string          // API root of links
}

// Disturb answers with what f makes of serve.
func Disturb(w http.ResponseWriter, f *fault.Answer, by Caller, serve func(http.ResponseWriter)) {
	if by.Task.Sleep(by.Context, f.Delay) != nil {
		panic(http.ErrAbortHandler) // the client went away, or the server
	}
	rec := NewRecorder()
	switch {
	case f.Drop || f.Status != 0:
		if f.Process {
			serve(rec)
		}
		if f.Drop {
			Reset(w)
			return
		}
		send(w, f, by, Outcome{Status: f.Status, Header: http.Header{}, Body: []byte(f.Body)})
	case leavesAnswer(f):
		serve(w)
	default:
		serve(rec)
		out := rec.Outcome()
		rewrite(&out, f, by.Base)
		send(w, f, by, out)
	}
}

// leavesAnswer reports whether the real answer may stream as it is.
func leavesAnswer(f *fault.Answer) bool {
	return f.Header == nil && f.RetryAfter == 0 && f.Set == nil && f.Omit == nil && f.Links == "" && f.CutAfter == 0 && f.Stall == 0
}

// rewrite changes the real answer.
func rewrite(out *Outcome, f *fault.Answer, base string) {
	if f.Links != "" {
		from, to := base+"/v1/background/", strings.TrimRight(f.Links, "/")+"/v1/background/"
		out.Body = bytes.ReplaceAll(out.Body, []byte(from), []byte(to))
		for _, values := range out.Header {
			for i, v := range values {
				values[i] = strings.ReplaceAll(v, from, to)
			}
		}
	}
	if f.Set != nil || f.Omit != nil {
		out.Body = Edit(out.Body, f.Set, f.Omit)
	}
}

// send answers with out, as far as f lets it.
func send(w http.ResponseWriter, f *fault.Answer, by Caller, out Outcome) {
	h := w.Header()
	for name, values := range out.Header {
		h[name] = values
	}
	describe(h, f, out, by.Task.Clock().Now())
	if f.CutAfter > 0 || f.Stall > 0 {
		h.Set("Content-Length", strconv.Itoa(len(out.Body)))
	}
	w.WriteHeader(out.Status)
	body := out.Body
	if f.CutAfter > 0 && len(body) > 0 {
		body = body[:min(f.CutAfter, len(body)-1)]
	}
	if f.Stall > 0 {
		half := len(body) / 2
		write(w, body[:half])
		body = body[half:]
		if by.Task.Sleep(by.Context, f.Stall) != nil {
			panic(http.ErrAbortHandler)
		}
	}
	write(w, body)
	if f.CutAfter > 0 {
		panic(http.ErrAbortHandler) // an end, not a reset: what was written arrives
	}
}

// describe sets the headers of a faulty answer.
func describe(h http.Header, f *fault.Answer, out Outcome, now time.Time) {
	if f.RetryAfter > 0 {
		h.Set("Retry-After", wire.RetryAfter(f.RetryAfter, f.RetryAfterDate, now))
	}
	ApplyHeader(h, f.Header)
	_, named := h["Content-Type"]
	switch {
	case named || len(out.Body) == 0 || out.Header.Get("Content-Type") != "":
	case out.Body[0] == '<':
		h.Set("Content-Type", "text/html; charset=utf-8")
	default:
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
	if out.Status == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "" {
		h.Set("WWW-Authenticate", "Bearer")
	}
}

// ApplyHeader adds fields, replaces those of the same name, and removes those whose
// value is nil.
func ApplyHeader(h, changes http.Header) {
	for name, values := range changes {
		if values == nil {
			h.Del(name)
			continue
		}
		h[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
}

func write(w http.ResponseWriter, p []byte) {
	_, _ = w.Write(p)                         // the client may be gone
	_ = http.NewResponseController(w).Flush() // not every writer can
}

// Reset breaks the connection: by TCP reset if there is a TCP connection to be
// had, else by aborting the answer, which looks alike in memory.
func Reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	plain := conn
	if t, ok := conn.(*tls.Conn); ok {
		plain = t.NetConn()
	}
	if t, ok := plain.(*net.TCPConn); ok {
		_ = t.SetLinger(0) // closing it without this sends what is unsent first
	}
	_ = plain.Close()
}
