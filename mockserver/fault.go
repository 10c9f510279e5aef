package mockserver

import (
	"context"
	"net/http"
	"time"
)

// A Fault disturbs one request. Its parts combine: Process and Drop together
// are a request that was accepted, but whose answer never arrived; Process
// with a Status is one that was accepted and answered with something else.
type Fault struct {
	// Delay passes before anything else happens.
	Delay time.Duration

	// Process lets the request have its effect; its answer is discarded if
	// Drop or Status is set.
	Process bool

	// Drop breaks the connection instead of answering.
	Drop bool

	// Status, if not 0, is answered with Header and Body. Header is added to
	// the rate limit's headers, and replaces those of the same name.
	Status int
	Header http.Header
	Body   string
}

// faultFor asks Config.Fault, giving it a request of its own.
func (s *Server) faultFor(in *incoming) *Fault {
	if s.cfg.Fault == nil {
		return nil
	}
	return s.cfg.Fault(in.copy(in.r.Context()))
}

// serveFaulty answers as f wants it.
func (s *Server) serveFaulty(w http.ResponseWriter, in *incoming, f *Fault) {
	if err := sleep(in.r.Context(), f.Delay); err != nil {
		panic(http.ErrAbortHandler) // the client went away
	}
	discard := f.Drop || f.Status != 0
	switch {
	case !discard:
		s.serve(w, in)
		return
	case f.Process:
		s.serve(newRecorder(), in)
	}
	if f.Drop {
		panic(http.ErrAbortHandler)
	}
	for name, values := range f.Header {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	if w.Header().Get("Content-Type") == "" && f.Body != "" {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.WriteHeader(f.Status)
	_, _ = w.Write([]byte(f.Body)) // the client may be gone
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// A NotifyFault disturbs the notification of one operation.
type NotifyFault struct {
	// Drop sends nothing; the delivery is listed as dropped.
	Drop bool

	// Delay passes between the end of the operation and the first attempt.
	Delay time.Duration

	// Early holds the 202 back until the operation has run and the first
	// attempt was made, so that the notification overtakes it.
	Early bool

	// Duplicates is how many more times a delivered notification is sent,
	// with the same notification id.
	Duplicates int

	// Forge signs with a key that is not the subscription's.
	Forge bool

	// Body, if not nil, is sent (and signed) instead of the real one.
	Body []byte
}
