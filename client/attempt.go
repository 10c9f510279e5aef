package client

import (
	"net/http"
	"net/url"

	"github.com/vismanet-go/background/client/internal/erp"
)

// attempt is a request that was sent once, and what came of it.
type attempt struct {
	erp.Answer
	hint string // what to do about a refusal
}

func (a *attempt) refusal(cl *call) *ResponseError {
	e := &ResponseError{Method: cl.method, Path: erp.PathOf(cl.path), StatusCode: a.Status, Header: a.Header, Body: a.Body}
	e.read(&http.Response{Header: a.Header})
	e.hint, e.err = a.hint, a.Err
	return e
}

// bare strips the method and URL that net/http puts around its errors.
func bare(err error) error {
	if u, ok := err.(*url.Error); ok {
		return u.Err
	}
	return err
}
