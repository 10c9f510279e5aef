package upstream

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/vismanet-go/background/mockserver"
)

// foreground passes a call on, and its answer back as it comes.
func (u *Upstream) foreground(w http.ResponseWriter, r *http.Request, c mockserver.Call) {
	out, err := u.outgoing(r.Context(), r)
	if err != nil {
		refuseWith(w, err)
		return
	}
	out.Body, out.ContentLength = r.Body, r.ContentLength
	_ = http.NewResponseController(w).EnableFullDuplex() // where it is not the rule: a body may still come while the answer does
	resp, err := u.send(out, u.cfg.mayRepeat(out.Method, out.Header))
	if err != nil {
		if r.Context().Err() != nil {
			panic(http.ErrAbortHandler) // the caller went away, or the server closes
		}
		status := statusOf(err)
		u.cfg.Logger.Info("the upstream did not answer", "company", c.Company, "method", r.Method, "path", r.URL.Path, "status", status, "error", err)
		refuse(w, status, reason(err))
		return
	}
	defer resp.Body.Close()
	u.limits.heard(c.Company, resp.Header, mockserver.Now(r.Context()))
	trailers := announced(resp)
	u.passHeader(w.Header(), resp, c.Base)
	if len(trailers) > 0 {
		w.Header()["Trailer"] = []string{strings.Join(trailers, ", ")}
	}
	w.WriteHeader(resp.StatusCode)
	if err := stream(w, resp); err != nil {
		if r.Context().Err() == nil {
			u.cfg.Logger.Info("the upstream's answer broke off", "company", c.Company, "method", r.Method, "path", r.URL.Path, "error", err)
		}
		panic(http.ErrAbortHandler) // so that the caller sees it, too
	}
	for name, values := range resp.Trailer {
		if !slices.Contains(trailers, name) {
			name = http.TrailerPrefix + name
		}
		w.Header()[name] = values
	}
}

// announced are the names of the trailers that follow the answer's body.
func announced(resp *http.Response) []string {
	var names []string
	for name := range resp.Trailer {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

var buffers = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// stream passes a body on: at once, each piece as it comes, where nobody knows how
// long it will be.
func stream(w http.ResponseWriter, resp *http.Response) error {
	control := http.NewResponseController(w)
	streams := resp.ContentLength < 0 || strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream")
	flush := func(wanted bool) {
		if wanted {
			_ = control.Flush() // not every writer can
		}
	}
	flush(streams)
	buf := buffers.Get().(*[32 << 10]byte)
	defer buffers.Put(buf)
	for {
		n, err := resp.Body.Read(buf[:])
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				if errors.Is(err, http.ErrBodyNotAllowed) {
					return nil
				}
				return err
			}
			flush(streams)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			flush(true) // what has come is the caller's, before it breaks off
			return err
		}
	}
}
