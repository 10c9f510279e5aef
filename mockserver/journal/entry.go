package journal

import (
	"net/http"
	"slices"
)

// copy is an entry that nobody else changes.
func (e *Entry) copy() Entry {
	c := *e
	c.Request, c.Operation, c.Attempt = clone(e.Request), clone(e.Operation), clone(e.Attempt)
	c.Hit, c.Move = clone(e.Hit), clone(e.Move)
	if r := c.Request; r != nil {
		r.Header, r.Body = r.Header.Clone(), slices.Clone(r.Body)
	}
	if a := c.Attempt; a != nil {
		a.Header = a.Header.Clone()
	}
	return c
}

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

// cost is about how many bytes an entry takes. What changes later is not
// counted, so that the sum stays right.
func (e *Entry) cost() int {
	n := overhead
	if r := e.Request; r != nil {
		n += len(r.Path) + len(r.Body) + headerCost(r.Header)
	}
	if op := e.Operation; op != nil {
		n += len(op.Path) + len(op.Header) + len(op.ErrorMessage)
	}
	if a := e.Attempt; a != nil {
		n += len(a.Error) + headerCost(a.Header)
	}
	if h := e.Hit; h != nil {
		n += len(h.Path)
	}
	return n
}

func headerCost(h http.Header) int {
	n := 0
	for name, values := range h {
		n += len(name) + 64 // of the map
		for _, v := range values {
			n += len(v) + 16 // of the slice
		}
	}
	return n
}
