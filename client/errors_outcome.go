package client

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/vismanet-go/background/store"
)

// UnclearError says that the ERP named an end of an operation that nobody
// understands: a status code with a word that is not known, or Finished without
// a status code. It is neither success nor failure: the key stays held, nothing
// supersedes it and no handler runs, until a person, with [Operation.Resolve], or a
// [Resolver] tells what became of it.
type UnclearError struct {
	Ref        string
	ID         string
	Status     string      // the ERP's word
	StatusCode int         // 0 if the ERP named none
	Header     http.Header // what the ERP told with it, Location for example
}

func (e *UnclearError) Error() string {
	kind := "the unknown status "
	if e.StatusCode == 0 {
		kind = "no status code and the status "
	}
	return fmt.Sprintf("operation %s ended with %s%s: neither success nor failure; look in the ERP and tell with Resolve what became of it",
		nameOf(e.ID, e.Ref), kind, lastState(e.Status, e.StatusCode, e.Header.Get("Location")))
}

// lastState describes a state for people.
func lastState(word string, code int, location string) string {
	s := fmt.Sprintf("%q", cut(word, 64))
	if code != 0 {
		s += fmt.Sprintf(", status code %d", code)
	}
	if location != "" {
		s += ", Location " + cut(location, 200)
	}
	return s
}

// expired says how an operation stood that the ERP no longer knows.
func expired(rec store.Record) error {
	name := nameOf(rec.ID, rec.Ref)
	if p := rec.Progress; p.Status != "" {
		return fmt.Errorf("operation %s: %w; its last state was %s", name, ErrExpired, lastState(p.Status, p.StatusCode, p.Location))
	}
	return fmt.Errorf("operation %s: %w; its state was never seen", name, ErrExpired)
}

// unended says why an operation has no outcome that a change needs.
func unended(rec store.Record) error {
	switch rec.Phase {
	case store.Uncertain, store.Unclear:
		return fmt.Errorf("it is %s: tell with Resolve what became of it", rec.Phase)
	case store.Queued, store.Sending, store.Accepted:
		return fmt.Errorf("it has not ended yet (it is %s)", rec.Phase)
	}
	return fmt.Errorf("it is already %s", rec.Phase)
}

// unresolvable says why nothing can be told about an operation.
func unresolvable(rec store.Record) error {
	switch {
	case rec.Phase == store.Queued || rec.Phase == store.Sending:
		return fmt.Errorf("it is still being sent (%s): wait for it", rec.Phase)
	case rec.Unlearnt():
		return fmt.Errorf("it expired and is %s: want EndedWith, with what was found in the ERP, or submit the work anew with Supersede", rec.Phase)
	case rec.ID != "":
		return fmt.Errorf("it is already %s, with the id %s", rec.Phase, rec.ID)
	}
	return fmt.Errorf("it is already %s", strings.TrimSpace(string(rec.Phase)))
}
