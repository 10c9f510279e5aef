package client

import (
	"cmp"
	"net/http"
	"net/url"

	"github.com/vismanet-go/background/client/internal/erp"
)

// attempt is a request that was sent once, and what came of it.
type attempt struct {
	erp.Answer
	hint string // what to do about a refusal

	word   string // what the observer is told, if it is not the verdict
	denied bool   // refused for its credentials
	again  bool   // it was certainly not taken, and may be sent again when its turn comes
}

// notMade is an attempt that was not made, with what the observer is told.
func notMade(word string) *attempt { return &attempt{word: word} }

// verdict is what the observer is told.
func (a *attempt) verdict() string { return cmp.Or(a.word, a.Verdict.String()) }

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
