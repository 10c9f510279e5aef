package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver/admin/internal/api"
	"github.com/vismanet-go/background/mockserver/journal"
)

const (
	maxStreams = 200                   // readers at a time
	maxOpen    = 1000                  // requests of which a reader is told the status later
	together   = 20 * time.Millisecond // what happens in so long is sent together
	heartbeat  = 15 * time.Second
	fullWrite  = 32 << 10         // bytes that are written without waiting for more
	maxEncoded = 4 << 10          // bytes of an entry that is kept for other readers
	stuck      = 30 * time.Second // a reader that takes nothing for so long is gone
)

// A stream is what one reader of the journal gets. It takes entries out of the
// journal when it can write them, so that nobody waits for it: what the journal
// has forgotten until then was dropped.
type stream struct {
	a       *Admin
	journal *journal.Journal
	w       http.ResponseWriter
	rc      *http.ResponseController
	next    int64   // the number to go on from
	open    []int64 // requests that were sent without their status
	text    []byte  // to be sent
}

// StreamJournal serves GET /journal/stream.
func (a *Admin) StreamJournal(w http.ResponseWriter, r *http.Request, p api.StreamJournalParams) {
	switch {
	case !isKind(w, p.Kind):
		return
	case p.After != nil && *p.After < 0:
		wrong(w, "after", "must not be negative")
		return
	}
	if a.streams.Add(1) > maxStreams {
		a.streams.Add(-1)
		refuse(w, http.StatusTooManyRequests, api.Problem{Error: "there are " + strconv.Itoa(maxStreams) + " readers of the journal already", Remedy: "close some"})
		return
	}
	defer a.streams.Add(-1)
	s := &stream{
		a: a, journal: a.srv.Journal().Select(journal.Filter{Company: p.Company, Kind: journal.Kind(p.Kind)}), w: w,
		rc: http.NewResponseController(w), next: a.srv.Journal().Last(),
	}
	if p.After != nil {
		s.next = *p.After
	}
	restarted := false
	if p.LastEventID != "" {
		s.next, restarted = a.resumed(p.LastEventID)
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no") // of proxies
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	if s.send("retry: 1000\n\n") != nil || restarted && s.event("restarted", "", []byte("{}")) != nil {
		return
	}
	s.follow(r.Context())
}

// resumed is where to go on after an event, and whether that was of another run
// of the mock.
func (a *Admin) resumed(lastEventID string) (next int64, restarted bool) {
	run, number, _ := strings.Cut(lastEventID, ".")
	next, err := strconv.ParseInt(number, 10, 64)
	if run != a.run || err != nil || next < 0 || next > a.srv.Journal().Last() {
		return 0, true
	}
	return next, false
}

// follow sends what happens until the reader is gone.
func (s *stream) follow(ctx context.Context) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		changed := s.journal.Changed()
		if s.catchUp() != nil {
			return
		}
		select {
		case <-changed:
		case <-beat.C:
			if s.send(": still here\n\n") != nil {
				return
			}
			continue
		case <-ctx.Done():
			return
		case <-s.a.closed:
			return
		case <-s.a.srv.Done():
			return
		}
		select {
		case <-time.After(together):
		case <-ctx.Done():
			return
		}
	}
}

// catchUp sends all that happened.
func (s *stream) catchUp() error {
	for {
		list, next, lost := s.journal.Since(s.next, batch)
		if lost > 0 {
			s.a.dropped.Add(lost)
			if err := s.event("dropped", "", fmt.Appendf(nil, `{"count":%d}`, lost)); err != nil {
				return err
			}
		}
		for i := range list {
			e := &list[i]
			if err := s.event("entry", s.a.run+"."+strconv.FormatInt(e.Seq, 10), s.a.encode(e)); err != nil {
				return err
			}
			if e.Request != nil && e.Request.StatusCode == 0 {
				s.open = append(s.open, e.Seq)
			}
		}
		s.next = next
		s.open = s.open[max(0, len(s.open)-maxOpen):]
		if err := s.tellAnswers(); err != nil {
			return err
		}
		if err := s.send(""); err != nil {
			return err
		}
		if len(list) < batch {
			return nil
		}
	}
}

// tellAnswers sends the requests again that have a status by now.
func (s *stream) tellAnswers() error {
	var err error
	s.open = slices.DeleteFunc(s.open, func(seq int64) bool {
		e, ok := s.journal.Find(seq)
		if !ok || err != nil {
			return true
		}
		if e.Request.StatusCode == 0 {
			return false
		}
		err = s.event("answered", "", s.a.encode(&e))
		return true
	})
	return err
}

// event adds one event to what is to be sent; without an id it is none to go on
// from.
func (s *stream) event(name, id string, data []byte) error {
	if id != "" {
		s.text = append(append(append(s.text, "id: "...), id...), '\n')
	}
	s.text = append(append(append(s.text, "event: "...), name...), "\ndata: "...)
	s.text = append(append(s.text, data...), "\n\n"...)
	if len(s.text) < fullWrite {
		return nil
	}
	return s.write()
}

// write writes what is to be sent to a reader that may be stuck.
func (s *stream) write() error {
	_ = s.rc.SetWriteDeadline(time.Now().Add(stuck)) // in memory there is none
	_, err := s.w.Write(s.text)
	if s.text = s.text[:0]; cap(s.text) > 2*fullWrite {
		s.text = nil // a large body was in it
	}
	return err
}

// send sends all of it, and text behind it.
func (s *stream) send(text string) error {
	s.text = append(s.text, text...)
	if err := s.write(); err != nil {
		return err
	}
	return s.rc.Flush()
}

// An encoded entry is shared by the readers, most of whom want it at about the same
// time. With fifty of them and 1 000 operations a second, to encode each for each
// took half of what the whole process did.
type encoded struct {
	seq  int64
	text []byte
}

// encode is an entry as JSON.
func (a *Admin) encode(e *journal.Entry) []byte {
	place := &a.encoded[e.Seq%int64(len(a.encoded))]
	if c := place.Load(); c != nil && c.seq == e.Seq {
		return c.text
	}
	text, err := json.Marshal(entryOf(*e))
	if err != nil {
		panic(err) // the types are ours
	}
	if mayChange := e.Request != nil && e.Request.StatusCode == 0; !mayChange && len(text) <= maxEncoded {
		place.Store(&encoded{e.Seq, text})
	}
	return text
}
