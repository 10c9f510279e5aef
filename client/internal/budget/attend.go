package budget

import (
	"context"
	"errors"
	"time"

	"github.com/vismanet-go/background/store"
)

// shared reports whether the books are those of the store. Where they are not,
// because there is none or it fails, each replica goes by what it knows.
func (b *Budget) shared() bool { return b.cfg.Store != nil && !b.failing && !b.newer }

// stale reports whether the document has changed since it was read.
func (b *Budget) stale() bool { return b.watcher != nil && len(b.watcher.C()) > 0 }

// toWrite reports whether the document is to be written.
func (b *Budget) toWrite(now time.Time) bool {
	if b.cfg.Store == nil || b.newer || b.failing && now.Before(b.retry) {
		return false
	}
	if b.news != (news{}) {
		return true
	}
	for _, w := range b.windows {
		if w.news || w.wanted {
			return true
		}
	}
	return false
}

// toRead reports whether the document is to be read.
func (b *Budget) toRead(now time.Time) bool {
	if b.cfg.Store == nil || b.failing && now.Before(b.retry) {
		return false
	}
	return !b.loaded || b.stale()
}

// attendIf starts the attendant where the document is to be written.
func (b *Budget) attendIf(now time.Time) {
	if b.cfg.Store != nil && !now.IsZero() && (b.toWrite(now) || b.failing && !now.Before(b.retry)) {
		b.attend()
	}
}

// attend starts the attendant, or wakes it. It is there as long as somebody waits
// or something is to be written.
func (b *Budget) attend() {
	switch {
	case b.closed:
	case b.running:
		select {
		case b.wake <- struct{}{}:
		default:
		}
	case b.cfg.Life.Err() == nil:
		b.running = true
		b.tasks.Go(b.attendant)
	}
}

// attendant does what takes time: it asks the store, and waits for times.
func (b *Budget) attendant() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		now := time.Now()
		b.mu.Lock()
		b.drain(now)
		tell := b.grantable(now)
		work := b.toRead(now) && (b.waiting > 0 || b.refused != 0 || tell != nil || b.failing) || b.toWrite(now)
		if b.closed || b.cfg.Life.Err() != nil || !work && tell == nil && b.waiting == 0 && b.refused == 0 {
			b.running = false
			b.mu.Unlock()
			return
		}
		next := b.next(now)
		var changed <-chan struct{}
		if b.watcher != nil {
			changed = b.watcher.C()
		}
		b.mu.Unlock()
		for _, f := range tell {
			f()
		}
		if work {
			b.ask()
			continue
		}
		if tell != nil {
			continue
		}
		timer.Reset(next.Sub(now))
		select {
		case <-timer.C:
		case <-b.wake:
		case _, open := <-changed:
			b.noticed(open)
		case <-b.ended:
		case <-b.cfg.Life.Done():
		}
	}
}

// grantable returns whom to tell if a call that TryTake has refused may be granted.
func (b *Budget) grantable(now time.Time) []func() {
	for c := range numClasses {
		if b.refused&c.bit() == 0 {
			continue
		}
		if v, _ := b.check(c, now, false); v.granted() {
			b.refused = 0
			return b.onChange
		}
	}
	return nil
}

// next is the earliest time at which something may change by itself.
func (b *Budget) next(now time.Time) time.Time {
	next := now.Add(time.Minute)
	sooner := func(t time.Time) {
		if t.After(now) && t.Before(next) {
			next = t
		}
	}
	sooner(b.pause.until)
	sooner(b.probe.until)
	if b.limit > 0 {
		sooner(b.lift)
	}
	if b.failing {
		sooner(b.retry)
	}
	for _, w := range b.windows {
		sooner(w.end)
		sooner(w.end.Add(b.spread))
		sooner(w.opens(Poll, b.spread))
	}
	return next
}

// noticed takes in that the document has changed, or that the store is closed.
func (b *Budget) noticed(open bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.loaded = false; !open {
		b.watcher = nil
	}
}

// ask reads the document if it has changed, and writes it if there is news.
func (b *Budget) ask() {
	ctx, cancel := context.WithTimeout(b.cfg.Life, storeTimeout)
	defer cancel()
	err := b.exchange(ctx, false)
	if err != nil && b.cfg.Life.Err() != nil {
		return
	}
	b.mu.Lock()
	again := err == nil && b.failing
	if b.failing = err != nil; b.failing {
		b.trouble, b.loaded = err, false
		b.retryWait = min(max(2*b.retryWait, minRetry), maxRetry)
		b.retry = time.Now().Add(b.retryWait)
	} else {
		b.retryWait = 0
	}
	trouble := b.trouble
	if b.trouble = nil; trouble != nil && trouble.Error() != b.told {
		b.told = trouble.Error()
	} else {
		trouble = nil
	}
	if again {
		b.told = ""
	}
	b.mu.Unlock()
	switch {
	case trouble != nil:
		b.cfg.Log.Warn("the budget of calls is not shared with other replicas for now; calls go on by what this one knows", "error", trouble)
	case again:
		b.cfg.Log.Info("the budget of calls is shared with other replicas again")
	}
}

// tries bounds how often a document is written against others who write it.
const tries = 20

func (b *Budget) exchange(ctx context.Context, closing bool) error {
	b.mu.Lock()
	watch, read := b.watcher == nil && !closing, !b.loaded || b.stale() || b.failing
	b.mu.Unlock()
	if watch {
		w := b.cfg.Store.WatchDocuments(b.cfg.Tenant, b.name)
		b.mu.Lock()
		b.watcher = w
		b.mu.Unlock()
	}
	if read {
		b.drained()
		d, err := b.cfg.Store.GetDocument(ctx, b.cfg.Tenant, b.name)
		if err != nil {
			return err
		}
		b.merge(d)
	}
	for range tries {
		now := time.Now()
		b.mu.Lock()
		d := store.Document{Tenant: b.cfg.Tenant, Name: b.name, Version: b.version, Body: b.write(now, closing)}
		b.mu.Unlock()
		if d.Body == nil {
			return nil
		}
		d, err := b.cfg.Store.PutDocument(ctx, d)
		if err == nil {
			b.mu.Lock()
			b.written(d, now)
			b.mu.Unlock()
			b.drained()
			return nil
		}
		b.mu.Lock()
		b.restore()
		b.mu.Unlock()
		if !errors.Is(err, store.ErrChanged) {
			return err
		}
		b.merge(d)
	}
	return errors.New("others write the budget of calls all the time")
}

func (b *Budget) merge(d store.Document) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.takeOver(d, time.Now())
	b.loaded = true
}

// drained forgets the wake-ups that were for what is read next, or for our own
// write.
func (b *Budget) drained() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.watcher == nil {
		return
	}
	select {
	case _, open := <-b.watcher.C():
		if !open {
			b.watcher = nil
			return
		}
	default:
	}
	b.watcher.Take()
}

// giveBack leaves what is left of the slices to the others.
func (b *Budget) giveBack() {
	b.mu.Lock()
	left := 0
	for _, w := range b.windows {
		if !passed(time.Now(), w.end) {
			left += w.slice
		}
	}
	give := b.shared() && b.loaded && left > 0
	watcher := b.watcher
	b.mu.Unlock()
	if give {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(b.cfg.Life), time.Second)
		defer cancel()
		_ = b.exchange(ctx, true) // else it ends by itself
	}
	if watcher != nil {
		watcher.Close()
	}
}
