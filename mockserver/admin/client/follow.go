package adminclient

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// An Event is one of the journal's stream.
type Event struct {
	ID   string // to go on from; empty where there is none
	Name string // "entry", "answered", "dropped" or "restarted"

	Entry   Entry // of "entry", and of "answered" with the status
	Dropped int64 // of "dropped": how many entries were missed
}

// Follow calls f for what happens, until ctx ends or f returns an error, which it
// returns. A connection that breaks is made anew, and goes on where it was; what
// the journal has forgotten meanwhile is told as dropped. It returns an [*Error]
// if the mock refuses.
func Follow(ctx context.Context, c *ClientWithResponses, p StreamJournalParams, f func(Event) error) error {
	for {
		err := follow(ctx, c, &p, f)
		var stop *stopped
		switch {
		case errors.As(err, &stop):
			return stop.cause
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		if _, refused := errors.AsType[*Error](err); refused {
			return err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// stopped is the end that a caller wants.
type stopped struct{ cause error }

func (s *stopped) Error() string { return s.cause.Error() }

// follow reads one connection; p is where to go on.
func follow(ctx context.Context, c *ClientWithResponses, p *StreamJournalParams, f func(Event) error) error {
	resp, err := c.StreamJournal(ctx, p)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	lines := bufio.NewReader(resp.Body)
	var e Event
	var data strings.Builder
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return err
		}
		line = strings.TrimRight(line, "\r\n")
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			if data.Len() > 0 {
				if err := e.read(data.String()); err != nil {
					return err
				}
				if e.ID != "" {
					p.LastEventID = new(e.ID)
				}
				if err := f(e); err != nil {
					return &stopped{err}
				}
			}
			e = Event{}
			data.Reset()
		case name == "id":
			e.ID = value
		case name == "event":
			e.Name = value
		case name == "data":
			if data.Len()+len(value) > 64<<20 {
				return io.ErrShortBuffer
			}
			data.WriteString(value)
		}
	}
}

func (e *Event) read(data string) (err error) {
	switch e.Name {
	case "entry", "answered":
		err = json.Unmarshal([]byte(data), &e.Entry)
	case "dropped":
		var count struct{ Count int64 }
		err = json.Unmarshal([]byte(data), &count)
		e.Dropped = count.Count
	}
	if err != nil {
		return fmt.Errorf("event %s: %w", e.Name, err)
	}
	return nil
}
