package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
)

type choiceKey struct{}

// choice is what a context says about the requests under it.
type choice struct {
	background bool
	opts       SubmitOptions
}

// InBackground returns a context that carries options. [Client.Do],
// [Transport], [Client.Submit] and [Client.SubmitAll] obey them for the
// requests under it; the first two run these requests in the background,
// whatever Match says. It replaces what the context said before.
//
// Options may come from the context of the call, from that of its request and
// from an argument. They add up; two places that say different things about one
// field are an error that names the field.
func InBackground(ctx context.Context, opts SubmitOptions) context.Context {
	return context.WithValue(ctx, choiceKey{}, choice{background: true, opts: opts})
}

// InForeground returns a context whose requests [Transport] and [Client.Do]
// send as they are, whatever Match says. A request that may change something
// loses its Idempotency-Key header: with it net/http might send the request
// twice. [Client.Submit] and [Client.SubmitAll], which have nothing to return
// for such a request, refuse it with an error.
func InForeground(ctx context.Context) context.Context {
	return context.WithValue(ctx, choiceKey{}, choice{})
}

// chosen returns what a context says, and whether it says anything.
func chosen(ctx context.Context) (choice, bool) {
	ch, said := ctx.Value(choiceKey{}).(choice)
	return ch, said
}

// errForeground refuses a submit that is to run in the foreground.
var errForeground = errors.New("the context says InForeground: want Do or Transport, which can run a request in the foreground")

// options adds up the options of a submit: those given, those of its context
// and those of its request's.
func options(ctx context.Context, req *http.Request, given SubmitOptions) (SubmitOptions, error) {
	ctxs := append(make([]context.Context, 0, 2), ctx)
	if req != nil && req.Context() != ctx {
		ctxs = append(ctxs, req.Context())
	}
	for _, ctx := range ctxs {
		ch, said := chosen(ctx)
		switch {
		case !said:
			continue
		case !ch.background:
			return given, errForeground
		}
		var err error
		if given, err = given.with(ch.opts); err != nil {
			return given, err
		}
	}
	return given, nil
}

// with returns o, completed by other. A field that both set must be the same.
func (o SubmitOptions) with(other SubmitOptions) (SubmitOptions, error) {
	own, more := reflect.ValueOf(&o).Elem(), reflect.ValueOf(other)
	for i := range own.NumField() {
		switch mine, theirs := own.Field(i), more.Field(i); {
		case unset(theirs):
		case unset(mine):
			mine.Set(theirs)
		case !same(mine, theirs):
			return o, wrong(own.Type().Field(i).Name, errors.New("the context (InBackground) and the options of the call differ: want it in one of them, or the same in both"))
		}
	}
	return o, nil
}

// same reports whether two fields of the options say the same. Behind an interface
// there may be a transaction, which is compared by its identity: others use what is in
// it.
func same(a, b reflect.Value) bool {
	if a.Kind() == reflect.Interface {
		return a.Comparable() && b.Comparable() && a.Equal(b)
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

// unset reports whether a field of the options says nothing.
func unset(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Map, reflect.Slice:
		return v.Len() == 0
	}
	return v.IsZero()
}

// ItemError says which item of [Client.SubmitAll] an error is about.
type ItemError struct {
	Index int    // in the order of the items, from 0
	Key   string // of its options, may be empty
	Err   error  // that of [Client.Submit]
}

func (e *ItemError) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("item %d: %v", e.Index, e.Err)
	}
	return fmt.Sprintf("item %d (key %q): %v", e.Index, cut(e.Key, 64), e.Err)
}

// Unwrap returns the error of [Client.Submit].
func (e *ItemError) Unwrap() error { return e.Err }
