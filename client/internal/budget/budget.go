package budget

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/vismanet-go/background/internal/wire"
	"github.com/vismanet-go/background/store"
)

// Config configures a [Budget].
type Config struct {
	// Store is where replicas share the budget; nil if it is not shared.
	Store store.Store
	// Tenant is the company.
	Tenant string
	// Origin and Application tell whose limits these are. Budgets that have the
	// same tenant, origin and application are one.
	Origin, Application string
	// Owner names this replica: no two have the same.
	Owner string
	// Log is told of what a person may want to know. Default: nobody.
	Log *slog.Logger
	// Life ends all waits. Default: they end with Close.
	Life context.Context
}

const (
	// firstCalls are under way at most before the first answer told of the limit,
	// unless that takes longer than firstAnswer.
	firstCalls  = 16
	firstAnswer = time.Second
	// ramp is how many calls are under way before a budget that was used up, or a
	// pause that is over, is trusted. Each answer adds one, up to rampEnd.
	ramp    = 2
	rampEnd = 64
	// rampFor is how long the ramp waits for an answer.
	rampFor = 10 * time.Second
	// probeFor is how long others wait for the answer to a probe.
	probeFor = 10 * time.Second
	// margin is how long after the told end of a window that was used up the probe
	// is made: ends are told in whole seconds.
	margin = time.Second
	// longWait is a wait that the log is told of.
	longWait = 10 * time.Second

	storeTimeout = 2 * time.Second
	minRetry     = time.Second
	maxRetry     = 30 * time.Second
)

// ErrClosed is the error of [Budget.Take] after [Budget.Close].
var ErrClosed = errors.New("the budget is closed")

// OutlastError says that a call would not get its turn before its context ends.
type OutlastError struct {
	Class Class
	Until time.Time // the earliest time at which it may
}

func (e *OutlastError) Error() string {
	return "the budget of calls: the wait until " + e.Until.UTC().Format(time.RFC3339) + " would outlast the context"
}

// pause is a time that the ERP asked for. It counts until a call has shown that
// it is over.
type pause struct {
	until time.Time // zero: none
	times int       // 429s in a row that did not say how long
}

// probe is the one call that is made where a pause, or a window that was used up,
// may be over.
type probe struct {
	owner string // the replica that makes it
	until time.Time
	used  bool // it is under way
}

// A Budget is what a client may call. It is safe for concurrent use, and starts
// no goroutine unless something waits or is to be written. Make one with [New].
type Budget struct {
	cfg    Config
	name   string // of the document
	spread time.Duration
	wake   chan struct{} // wakes the attendant
	ended  chan struct{} // closed by Close
	tasks  sync.WaitGroup

	mu       sync.Mutex // guards the rest
	closed   bool
	running  bool // the attendant
	onChange []func()
	queue    [numClasses]queue
	waiting  int   // in all queues
	refused  uint8 // classes that TryTake has refused
	inflight int
	early    int // calls that the shared books do not have
	calls    Counts
	limited  int // 429s
	windows  []*window
	known    uint8 // classes whose answers told of a window
	pause    pause
	probe    probe
	limit    int       // calls under way at most; 0: any number
	lift     time.Time // when that ends
	answered bool      // once
	warned   time.Time // the log knows that calls wait until then
	submits  rate
	polled   int // operations, by this replica
	accepted int // operations that wait for their end in the store
	work     work

	// What is shared.
	watcher   *store.Watcher
	loaded    bool
	failing   bool
	newer     bool // the document is of a newer version
	retry     time.Time
	retryWait time.Duration
	trouble   error  // with the document, to be told to the log
	told      string // the last one that it was told of
	clock     clock
	version   uint64
	replicas  map[string]documentReplica
	news      news
	writing   news  // news that the store is writing
	nextProbe probe // counts once the document is written
}

// news is what the document is to be told of.
type news struct {
	pause     bool // a pause,
	proof     bool // or that it is over,
	probe     bool // that the probe is done,
	wantProbe bool // or that one is wanted,
	work      bool // and what this replica has to do
}

// work is what the document was told of this replica's.
type work struct {
	polled, expected int
	at               time.Time
}

func (n news) and(m news) news {
	return news{n.pause || m.pause, n.proof || m.proof, n.probe || m.probe, n.wantProbe || m.wantProbe, n.work || m.work}
}

// New returns a budget. It makes no call to the store.
func New(cfg Config) *Budget {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Life == nil {
		cfg.Life = context.Background()
	}
	key := sha256.Sum256([]byte(cfg.Origin + "\n" + cfg.Application))
	own := sha256.Sum256([]byte(cfg.Owner))
	return &Budget{
		cfg: cfg, name: "budget/" + hex.EncodeToString(key[:16]),
		// Replicas do not all come at the same moment.
		spread: margin + time.Duration(own[0])*2*time.Millisecond,
		wake:   make(chan struct{}, 1), ended: make(chan struct{}),
		loaded: cfg.Store == nil,
		limit:  firstCalls,
	}
}

// Close ends all waits, gives back what is left of the leased slices, and waits
// for the goroutine that the budget has started, if there is one. It is
// idempotent.
func (b *Budget) Close() {
	b.mu.Lock()
	first := !b.closed
	if b.closed = true; first {
		close(b.ended)
	}
	b.mu.Unlock()
	b.tasks.Wait()
	if first {
		b.giveBack()
	}
}

// OnChange has f called, by another goroutine, whenever a call that [Budget.TryTake]
// has refused may be granted. f must not block.
func (b *Budget) OnChange(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.onChange = append(b.onChange, f)
}

// Take waits until a call may be made. The most urgent class is served first, and
// within a class who came first. Each nil is followed by one call of
// [Budget.Answered], [Budget.Failed] or [Budget.Return]. The errors are that of
// ctx, an *[OutlastError] at once where it is known that ctx ends too early,
// the cause of the end of Config.Life, and [ErrClosed].
func (b *Budget) Take(ctx context.Context, c Class) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return ErrClosed
	}
	now := b.now(c)
	b.drain(now)
	v, again := b.check(c, now, true)
	if v.granted() {
		b.debit(c, v, now)
		b.attendIf(now)
		b.mu.Unlock()
		return nil
	}
	if end, ok := ctx.Deadline(); ok && !again.IsZero() && end.Before(again) {
		b.mu.Unlock()
		return &OutlastError{Class: c, Until: again}
	}
	w := &waiter{class: c, since: time.Now(), turn: make(chan struct{})}
	b.queue[c].push(w)
	b.waiting++
	tell := b.tell(now, again)
	b.attend()
	b.mu.Unlock()
	if tell {
		b.tellWait(c, again.Sub(now))
	}
	return b.await(ctx, w)
}

func (b *Budget) await(ctx context.Context, w *waiter) error {
	var err error
	select {
	case <-w.turn:
		return nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-b.cfg.Life.Done():
		err = context.Cause(b.cfg.Life)
	case <-b.ended:
		err = ErrClosed
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if w.granted {
		b.giveUp(w.class)
		return err
	}
	b.queue[w.class].remove(w)
	b.waiting--
	return err
}

// TryTake reports whether a call may be made now. If not, again is the time before
// which it may not; where that is zero it is not known, and who called
// [Budget.OnChange] is told. It is granted as by [Budget.Take], but never waits.
func (b *Budget) TryTake(c Class) (ok bool, again time.Time) {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return false, time.Time{}
	}
	now := b.now(c)
	b.drain(now)
	v, again := b.check(c, now, true)
	if v.granted() {
		b.debit(c, v, now)
		b.attendIf(now)
		b.mu.Unlock()
		return true, time.Time{}
	}
	b.refused |= c.bit()
	tell := b.tell(now, again)
	b.attend()
	b.mu.Unlock()
	if tell {
		b.tellWait(c, again.Sub(now))
	}
	return false, again
}

// Charge takes a call that is a part of one that has had its turn: it is counted, and
// made whatever is left. It ends as that of [Budget.Take] does.
func (b *Budget) Charge(c Class) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	for _, w := range b.windows {
		if w.slice == 0 && w.left > 0 && !b.shared() {
			w.left--
			w.slice++
		}
	}
	b.debit(c, passes, now)
	b.attendIf(now)
}

// Return gives a call back that was granted and not made.
func (b *Budget) Return(c Class) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.giveUp(c)
}

func (b *Budget) giveUp(c Class) {
	now := time.Now()
	b.done()
	b.calls[c]--
	for _, w := range b.windows {
		if w.out[c] > 0 {
			w.out[c]--
			w.taken[c] = max(0, w.taken[c]-1)
			w.slice++
		}
	}
	b.endProbe()
	b.settle(now)
}

// Failed says that a call got no answer.
func (b *Budget) Failed(c Class) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.done()
	for _, w := range b.windows {
		w.out[c] = max(0, w.out[c]-1)
	}
	b.endProbe()
	b.settle(now)
}

// Answered learns from the answer to a call.
func (b *Budget) Answered(c Class, status int, h http.Header) {
	now := time.Now()
	var room [maxPolicies]wire.Limit
	limits := wire.AppendLimits(room[:0], h, now)

	b.mu.Lock()
	defer b.mu.Unlock()
	b.done()
	for _, l := range limits {
		b.learn(c, l, now)
	}
	b.book(c, limits)
	switch wait, ok := wire.RetryAfter(h, now); {
	case status == http.StatusTooManyRequests:
		b.limited++
		if !ok {
			wait, ok = wire.LimitReset(h, now)
		}
		b.refuse(limits, wait, ok, now)
	case status == http.StatusServiceUnavailable && ok:
		b.pauseFor(wait, 0, now)
	default:
		b.accept(now)
	}
	b.settle(now)
}

// done is what each call ends with.
func (b *Budget) done() { b.inflight = max(0, b.inflight-1) }

// learn merges what was told of a limit.
func (b *Budget) learn(c Class, l wire.Limit, now time.Time) {
	var w *window
	for _, old := range b.windows {
		if old.named(l) {
			w = old
		}
	}
	if w == nil && policyOf(l) == "" && l.Limit == 0 && len(b.windows) == 1 {
		w = b.windows[0] // what names nothing means the only one
	}
	if w == nil {
		if len(b.windows) >= maxPolicies {
			b.dropEnded(now)
		}
		if len(b.windows) >= maxPolicies {
			return
		}
		w = &window{policy: nameOf(l), low: unread}
		b.windows = append(b.windows, w)
	}
	w.users |= c.kin()
	b.known |= c.kin()
	w.learn(read(l, now), now, b.inflight)
}

// book ends the call in the books: a window that it was taken from and that the
// answer does not name was not used by it.
func (b *Budget) book(c Class, limits []wire.Limit) {
	for _, w := range b.windows {
		if w.out[c] == 0 {
			continue
		}
		w.out[c]--
		named := len(limits) == 0
		for _, l := range limits {
			named = named || w.named(l) || policyOf(l) == "" && l.Limit == 0
		}
		if !named {
			w.slice++
			w.taken[c] = max(0, w.taken[c]-1)
		}
	}
}

// refuse obeys a 429.
func (b *Budget) refuse(limits []wire.Limit, wait time.Duration, told bool, now time.Time) {
	for _, l := range limits {
		if !told && l.Reset > wait && l.Remaining == 0 {
			wait = l.Reset
		}
	}
	if wait > 0 {
		b.pauseFor(wait, 0, now)
		return
	}
	// Nobody knows how long: a minute, and twice as long each time it was too short.
	times := b.pause.times
	if times == 0 || passed(now, b.pause.until) {
		times++
	}
	b.pauseFor(min(time.Minute<<min(times-1, 6), wire.MaxWait), times, now)
}

func (b *Budget) pauseFor(wait time.Duration, times int, now time.Time) {
	b.pause = pause{until: later(b.pause.until, now.Add(wait)), times: times}
	b.news.pause, b.news.proof = true, false
	b.endProbe()
}

// accept takes in an answer that is no refusal.
func (b *Budget) accept(now time.Time) {
	switch {
	case !b.answered && b.pause.until.IsZero():
		b.limit = 0
	case b.limit > 0:
		b.lift = now.Add(rampFor)
		if b.limit++; b.limit > rampEnd {
			b.limit = 0
		}
	}
	b.answered = true
	if !b.myProbe() || !b.probe.used {
		return
	}
	b.endProbe()
	if !b.pause.until.IsZero() {
		if !passed(now, b.pause.until) {
			return // another call was refused meanwhile
		}
		b.news.proof = b.cfg.Store != nil
	}
	b.dropEnded(now) // an answer that came after their ends does not tell of them
	b.proved(now)
}

// proved ends a pause, or a wait for a window: calls go on, a few at first.
func (b *Budget) proved(now time.Time) {
	b.pause = pause{}
	b.limit, b.lift = ramp, now.Add(rampFor)
}

func (b *Budget) myProbe() bool { return b.probe.owner == b.cfg.Owner && !b.probe.until.IsZero() }

// endProbe ends this replica's probe, if it is under way.
func (b *Budget) endProbe() {
	if b.myProbe() && b.probe.used {
		b.probe = probe{}
		b.news.probe = b.cfg.Store != nil
	}
}

// dropEnded forgets windows that have ended.
func (b *Budget) dropEnded(now time.Time) {
	kept := b.windows[:0]
	b.known = 0
	for _, w := range b.windows {
		if passed(now, w.end) {
			continue
		}
		kept = append(kept, w)
		b.known |= w.users
	}
	clear(b.windows[len(kept):])
	b.windows = kept
}

// settle hands out what may be granted after something has changed.
func (b *Budget) settle(now time.Time) {
	b.drain(now)
	if b.waiting > 0 || b.refused != 0 || b.toWrite(now) {
		b.attend()
	}
}

// now is the time, or zero where no decision needs it.
func (b *Budget) now(c Class) time.Time {
	if c != Submit && b.free() {
		return time.Time{}
	}
	return time.Now()
}

// free reports whether there is nothing to decide.
func (b *Budget) free() bool {
	return len(b.windows) == 0 && b.limit == 0 && b.pause.until.IsZero() && b.waiting == 0 && b.loaded && !b.failing && !b.stale()
}

// tell reports whether the log is to be told of a wait: once for all who wait
// until then.
func (b *Budget) tell(now, again time.Time) bool {
	if again.IsZero() || again.Sub(now) < longWait || !again.After(b.warned.Add(sameWindow)) {
		return false
	}
	b.warned = again
	return true
}

func (b *Budget) tellWait(c Class, wait time.Duration) {
	b.cfg.Log.Warn("calls wait, because the ERP's limit is used up or it has asked for a pause", "class", c.String(), "wait", wait.Round(time.Second))
}
