package mockserver

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/route"
	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// byFunction is the journal's name for a fault of Config.Fault.
const byFunction = "Config.Fault"

// faultFor finds what disturbs a request: Config.Fault is asked first, then the
// rules for credentials, then those for what is asked.
func (s *Server) faultFor(in *incoming) *Fault {
	if s.cfg.Fault != nil {
		if f := s.cfg.Fault(in.Copy(in.HTTP.Context())); f != nil {
			s.journal.update(func() { in.entry.Request.Fault = byFunction })
			now := s.clocks.Now(in.Company)
			s.journal.hit(Hit{
				Time: now, Rule: byFunction, Point: in.point(), Company: in.Company, Method: in.HTTP.Method, Path: in.Path, OperationID: in.OperationID(),
			})
			return f
		}
	}
	for _, on := range []Point{OnAuth, in.point()} {
		if f := s.requestFault(in, on); f != nil {
			return f
		}
	}
	return nil
}

// requestFault asks the rules at a point.
func (s *Server) requestFault(in *incoming, on Point) *Fault {
	if !s.faults.wants(on) {
		return nil
	}
	e := &Event{Point: on, Company: in.Company, Method: in.HTTP.Method, Path: in.Path, Request: in.Copy(in.HTTP.Context())}
	if id := in.OperationID(); id != "" {
		if op, ok := s.Operation(id); ok {
			e.Operation = op
		}
		if on == OnState || on == OnContent {
			e.Method, e.Path = e.Operation.Method, pathBelowBase(e.Operation.Path)
		}
	}
	d, name := s.faults.decide(e, s.clocks.Now(in.Company))
	f, ok := d.(Fault)
	if !ok {
		return nil
	}
	s.journal.update(func() { in.entry.Request.Fault = name })
	s.log.Debug("request disturbed", "rule", name, "point", on, "method", in.HTTP.Method, "path", in.Path)
	return &f
}

// pathBelowBase is the path of a request URI, as rules see it.
func pathBelowBase(uri string) string {
	path, _, _ := strings.Cut(uri, "?")
	_, rest := route.SplitBase(route.Plain(path))
	return rest
}

// point is where the rules for a request stand.
func (in *incoming) point() Point {
	switch {
	case in.AsksForContent():
		return OnContent
	case in.OperationID() != "":
		return OnState
	case in.AsksForBackground():
		return OnIntake
	}
	return OnForeground
}

// serveFaulty answers as f wants it.
func (s *Server) serveFaulty(w http.ResponseWriter, in *incoming, f *Fault) {
	if in.task.Sleep(in.HTTP.Context(), f.Delay) != nil {
		panic(http.ErrAbortHandler) // the client went away, or the server
	}
	in.fault = f
	s.disturb(w, in, f, func(w http.ResponseWriter) { s.serve(w, in) })
}

// disturb answers with what f makes of serve.
func (s *Server) disturb(w http.ResponseWriter, in *incoming, f *Fault, serve func(http.ResponseWriter)) {
	rec := newRecorder()
	switch {
	case f.Drop || f.Status != 0:
		if f.Process {
			serve(rec)
		}
		if f.Drop {
			reset(w)
			return
		}
		f.send(w, in, outcome{status: f.Status, header: http.Header{}, body: []byte(f.Body)})
	case f.leavesAnswer():
		serve(w)
	default:
		serve(rec)
		out := rec.outcome()
		f.rewrite(&out, in.Base)
		f.send(w, in, out)
	}
}

// leavesAnswer tells whether the real answer may stream as it is.
func (f *Fault) leavesAnswer() bool {
	return f.Header == nil && f.RetryAfter == 0 && f.Set == nil && f.Omit == nil && f.Links == "" && f.CutAfter == 0 && f.Stall == 0
}

// rewrite changes the real answer.
func (f *Fault) rewrite(out *outcome, base string) {
	if f.Links != "" {
		from, to := base+"/v1/background/", strings.TrimRight(f.Links, "/")+"/v1/background/"
		out.body = bytes.ReplaceAll(out.body, []byte(from), []byte(to))
		for _, values := range out.header {
			for i, v := range values {
				values[i] = strings.ReplaceAll(v, from, to)
			}
		}
	}
	if f.Set != nil || f.Omit != nil {
		out.body = editJSON(out.body, f.Set, f.Omit)
	}
}

// send answers with out, as far as f lets it.
func (f *Fault) send(w http.ResponseWriter, in *incoming, out outcome) {
	h := w.Header()
	for name, values := range out.header {
		h[name] = values
	}
	f.describe(h, out, in.task.Clock().Now())
	if f.CutAfter > 0 || f.Stall > 0 {
		h.Set("Content-Length", strconv.Itoa(len(out.body)))
	}
	w.WriteHeader(out.status)
	body := out.body
	if f.CutAfter > 0 && len(body) > 0 {
		body = body[:min(f.CutAfter, len(body)-1)]
	}
	if f.Stall > 0 {
		half := len(body) / 2
		write(w, body[:half])
		body = body[half:]
		if in.task.Sleep(in.HTTP.Context(), f.Stall) != nil {
			panic(http.ErrAbortHandler)
		}
	}
	write(w, body)
	if f.CutAfter > 0 {
		panic(http.ErrAbortHandler) // an end, not a reset: what was written arrives
	}
}

// describe sets the headers of a faulty answer.
func (f *Fault) describe(h http.Header, out outcome, now time.Time) {
	if f.RetryAfter > 0 {
		h.Set("Retry-After", wire.RetryAfter(f.RetryAfter, f.RetryAfterDate, now))
	}
	applyHeader(h, f.Header)
	_, named := h["Content-Type"]
	switch {
	case named || len(out.body) == 0 || out.header.Get("Content-Type") != "":
	case out.body[0] == '<':
		h.Set("Content-Type", "text/html; charset=utf-8")
	default:
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
	if out.status == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "" {
		h.Set("WWW-Authenticate", "Bearer")
	}
}

func applyHeader(h, changes http.Header) {
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

// reset breaks the connection: by TCP reset if there is a TCP connection to be
// had, else by aborting the answer, which looks alike in memory.
func reset(w http.ResponseWriter) {
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

// editJSON replaces, adds and takes out fields of a JSON object; the others
// keep their order. What is no object stays as it is.
func editJSON(body []byte, set map[string]any, omit []string) []byte {
	dec := json.NewDecoder(bytes.NewReader(body))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return body
	}
	var out bytes.Buffer
	field := func(name string, value []byte) {
		if out.Len() > 0 {
			out.WriteByte(',')
		}
		out.Write(wire.JSON(name))
		out.WriteByte(':')
		out.Write(value)
	}
	seen := make(map[string]bool)
	for dec.More() {
		var value json.RawMessage
		name, err := dec.Token()
		if err != nil || dec.Decode(&value) != nil {
			return body
		}
		key := name.(string)
		seen[key] = true
		to, replaced := set[key]
		switch {
		case slices.Contains(omit, key):
		case replaced:
			field(key, wire.JSON(to))
		default:
			field(key, value)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(set)) {
		if !seen[key] && !slices.Contains(omit, key) {
			field(key, wire.JSON(set[key]))
		}
	}
	return slices.Concat([]byte("{"), out.Bytes(), []byte("}"))
}
