package receiver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/vismanet-go/background/internal/handler"
	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/store"
)

// Run calls the handler with what was received, by whichever process, until
// ctx is done. Then it takes on nothing new, lets the handlers in progress
// end, and returns nil; after Config.DrainTimeout it cancels their contexts
// and returns [ErrDrainTimeout] as soon as they have returned. Every goroutine
// that it started has returned by then.
//
// Trouble of the store, however long, only delays it; a store that was closed
// ends it with an error that is [store.ErrClosed]. Any number of processes may
// run it on a shared store: each notification is handled by one at a time.
// While it runs, a second Run of the same receiver returns an error. Without a
// handler it waits for ctx.
func (rc *Receiver) Run(ctx context.Context) error {
	if !rc.running.CompareAndSwap(false, true) {
		return errors.New("receiver: Run is running already")
	}
	defer rc.running.Store(false)
	handle := rc.handler.Load()
	if handle == nil {
		<-ctx.Done()
		return nil
	}
	// Handlers get a context that outlives ctx: a deploy must not cut off
	// work which a redelivery would only repeat.
	work, abort := context.WithCancelCause(context.WithoutCancel(ctx))
	defer abort(nil)
	d := &dispatcher{
		rc: rc, handle: *handle, work: work, owner: hook.NewRef(),
		slots: make(chan struct{}, rc.cfg.Workers), here: make(map[string]bool), again: make(chan struct{}, 1),
	}
	err := d.dispatch(ctx)
	timer := time.AfterFunc(rc.cfg.DrainTimeout, func() { abort(ErrDrainTimeout) })
	d.wg.Wait()
	timer.Stop()
	return errors.Join(err, context.Cause(work))
}

// dispatcher is one Run.
type dispatcher struct {
	rc     *Receiver
	handle func(context.Context, Notification) error
	work   context.Context // of the handlers; a dispatcher lives as long as one call
	owner  string
	slots  chan struct{} // one is held by each goroutine of wg
	again  chan struct{} // a delivery has left that is to be handled again
	wg     sync.WaitGroup

	page     []string  // refs that were due at the last scan
	nextScan time.Time // when to scan again once the page is empty
	failures int       // scans in a row at which the store failed

	mu   sync.Mutex      // guards here
	here map[string]bool // refs that are attended to in this Run
}

const (
	// scanEvery is the wait between scans while there is too much to know when
	// the next one is due; idleEvery where nothing is known to come. New
	// deliveries wake the dispatcher anyway.
	scanEvery = time.Second
	idleEvery = time.Minute
)

// dispatch starts a goroutine for each delivery that is due, as many as there
// are slots, until ctx is done. It returns an error if the store was closed.
func (d *dispatcher) dispatch(ctx context.Context) error {
	watcher := d.rc.cfg.Store.Watch(store.DeliveryTenant)
	defer watcher.Close()
	for ctx.Err() == nil {
		select {
		case d.slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		ref, wait, err := d.next(ctx)
		if ref != "" {
			d.wg.Go(func() {
				again := true
				defer func() { d.leave(ref, again) }() // also if an observer or a logger ends the goroutine
				again = d.attend(ref)
			})
			continue
		}
		<-d.slots
		switch {
		case errors.Is(err, store.ErrClosed):
			return fmt.Errorf("receiver: %w", err)
		case err != nil && ctx.Err() == nil:
			d.rc.log.WarnContext(ctx, "the notifications to handle could not be listed; will try again", "error", err, "in", wait)
		}
		wake := watcher.C()
		if err != nil {
			wake = nil // what wakes us now would fail as well
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-d.again:
		case _, open := <-wake:
			if !open {
				timer.Stop()
				return fmt.Errorf("receiver: %w", store.ErrClosed)
			}
			watcher.Take()
		}
		timer.Stop()
		d.nextScan = time.Time{}
	}
	return nil
}

// next returns a delivery that is due, or how long to wait for one unless
// something wakes us.
func (d *dispatcher) next(ctx context.Context) (ref string, wait time.Duration, err error) {
	if wait = time.Until(d.nextScan); len(d.page) == 0 && wait <= 0 {
		ctx, cancel := context.WithTimeout(ctx, d.rc.cfg.StoreTimeout)
		defer cancel()
		if wait, err = d.scan(ctx); err != nil {
			d.failures++
			return "", handler.Doubled(scanEvery/4, d.failures, idleEvery/2), err
		}
		d.failures = 0
		if len(d.page) > 0 { // others may be faster, and may end before they are done
			wait = min(wait, scanEvery)
		}
		d.nextScan = time.Now().Add(wait)
	}
	if len(d.page) == 0 {
		return "", wait, nil
	}
	ref, d.page = d.page[0], d.page[1:]
	d.mu.Lock()
	d.here[ref] = true
	d.mu.Unlock()
	return ref, 0, nil
}

// scan fills the page with what is due, and tells when to scan again after
// that: at once if there is more.
func (d *dispatcher) scan(ctx context.Context) (time.Duration, error) {
	want := max(16, 2*d.rc.cfg.Workers)
	now := time.Now()
	q := store.Query{Phases: []store.Phase{store.Delivery}, Limit: want, WithoutContent: true}
	list, err := d.rc.cfg.Store.List(ctx, store.DeliveryTenant, q)
	if err != nil {
		return 0, err
	}
	if len(list) < want { // this is all there is
		return d.take(list, now), nil
	}
	// The first ones may all be waiting for their next try.
	for q.DueBy = now; ; q.After = list[len(list)-1].Position() {
		if list, err = d.rc.cfg.Store.List(ctx, store.DeliveryTenant, q); err != nil {
			return 0, err
		}
		d.take(list, now)
		if len(d.page) >= want/2 {
			return 0, nil
		}
		if len(list) < want {
			return scanEvery, nil
		}
	}
}

// take puts on the page what can be handled now, and returns how long it is
// until something else in the list can.
func (d *dispatcher) take(list []store.Record, now time.Time) time.Duration {
	wait := idleEvery
	for _, rec := range list {
		rec = rec.At(now)
		from := rec.Due
		if rec.Lease.Valid(now) && rec.Lease.Until.After(from) {
			from = rec.Lease.Until
		}
		switch {
		case d.isHere(rec.Ref): // it tells when it leaves
		case from.After(now):
			wait = min(wait, from.Sub(now))
		default:
			d.page = append(d.page, rec.Ref)
		}
	}
	return wait
}

func (d *dispatcher) isHere(ref string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.here[ref]
}

// leave gives up the slot of a delivery, which may be wanted again.
func (d *dispatcher) leave(ref string, again bool) {
	d.mu.Lock()
	delete(d.here, ref)
	d.mu.Unlock()
	<-d.slots
	if !again {
		return
	}
	select { // the wake-up by the store may have come while it was still here
	case d.again <- struct{}{}:
	default:
	}
}
