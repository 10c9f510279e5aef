package client

import (
	"context"
	"sync"

	"github.com/vismanet-go/background/internal/usercode"
)

// safeObserver keeps an [Observer] that does not return from taking with it
// what it is told of: the id of an operation that was just accepted, a wait, or
// the goroutine of [Client.Run]. What it fails to tell counts as not told.
type safeObserver struct {
	next Observer
	c    *Client
	told sync.Map // names of the methods that failed and were logged
}

// call calls a method. The first failure of each is logged: more would come
// with every call.
func (o *safeObserver) call(name string, f func()) {
	err := usercode.Call("Config.Observer: "+name, func() error {
		f()
		return nil
	})
	if err == nil {
		return
	}
	if _, again := o.told.LoadOrStore(name, true); !again {
		o.c.log.ErrorContext(o.c.life, "the observer did not return, which is logged once for each of its methods", usercode.Logged(err)...)
	}
}

// context calls a method that returns a context, and returns ctx where it
// returns none.
func (o *safeObserver) context(ctx context.Context, name string, f func() context.Context) context.Context {
	var got context.Context
	o.call(name, func() { got = f() })
	if got == nil {
		return ctx
	}
	return got
}

func (o *safeObserver) Submit(ctx context.Context, s Submission) (context.Context, string, func(Submitted)) {
	var link string
	var end func(Submitted)
	out := o.context(ctx, "Submit", func() (c context.Context) {
		c, link, end = o.next.Submit(ctx, s)
		return c
	})
	return out, link, ending(o, "the end of Submit", end)
}

func (o *safeObserver) Wait(ctx context.Context, w Waiting) (context.Context, func(Waited)) {
	var end func(Waited)
	out := o.context(ctx, "Wait", func() (c context.Context) {
		c, end = o.next.Wait(ctx, w)
		return c
	})
	return out, ending(o, "the end of Wait", end)
}

func (o *safeObserver) Handle(ctx context.Context, h Handling) (context.Context, func(Handled)) {
	var end func(Handled)
	out := o.context(ctx, "Handle", func() (c context.Context) {
		c, end = o.next.Handle(ctx, h)
		return c
	})
	return out, ending(o, "the end of Handle", end)
}

func (o *safeObserver) Call(ctx context.Context, call Call) {
	o.call("Call", func() { o.next.Call(ctx, call) })
}

func (o *safeObserver) Settled(ctx context.Context, s Settled) {
	o.call("Settled", func() { o.next.Settled(ctx, s) })
}

func (o *safeObserver) Attention(ctx context.Context, a Attention) {
	o.call("Attention", func() { o.next.Attention(ctx, a) })
}

// ending guards the function that an observer returned; it may be nil.
func ending[T any](o *safeObserver, name string, end func(T)) func(T) {
	if end == nil {
		return func(T) {}
	}
	return func(v T) { o.call(name, func() { end(v) }) }
}
