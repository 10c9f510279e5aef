package pgstore

import (
	"context"
	crand "crypto/rand"
	"errors"
	"log/slog"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/vismanet-go/background/store"
)

const (
	// maxGroup and maxBytes bound what goes in one transaction.
	maxGroup = 256
	maxBytes = 4 << 20
	// groupTime bounds how long a group may take, so that a server that does not
	// answer is noticed.
	groupTime = 15 * time.Second
	// firstWait and lastWait are the waits of a step that needs what others have
	// locked: another group has it for milliseconds, a caller's transaction for as
	// long as it is open.
	firstWait, lastWait = time.Millisecond, 100 * time.Millisecond
	// longWait is how long a step waits for a lock before that is told, unless the
	// store says otherwise.
	longWait = 5 * time.Second
	// maxTries is how often a step is tried that another transaction got in the way
	// of, by a deadlock for example.
	maxTries = 10
	// keepGroups is for how long it is remembered that a group was committed, and
	// dropGroups after how many groups older ones are forgotten.
	keepGroups = 15 * time.Minute
	dropGroups = 2000
)

// write carries out steps until the store is closed. All of them that wait go in one
// transaction. A second goroutine that does so was tried: with 64 callers it stores
// records faster by a fifth, and takes twice the commits.
func (s *Store) write() {
	for st := range s.steps {
		s.carryOut(s.gather(st))
	}
}

// gather returns the step and others that wait.
func (s *Store) gather(st *step) []*step {
	group, size := append(make([]*step, 0, 64), st), st.size
	for yielded := 0; len(group) < maxGroup && size < maxBytes; {
		select {
		case next, ok := <-s.steps:
			if !ok {
				return group
			}
			group, size = append(group, next), size+next.size
		default:
			// Those whom the last group told are about to come again: let them.
			if yielded++; yielded > 2 {
				return group
			}
			runtime.Gosched()
		}
	}
	return group
}

// carryOut carries out the steps whose callers still wait.
func (s *Store) carryOut(group []*step) {
	live := group[:0]
	for _, st := range group {
		if st.taken.CompareAndSwap(false, true) {
			live = append(live, st)
		}
	}
	if len(live) == 0 {
		return
	}
	a := &attempt{s: s, steps: live}
	switch err := a.run(); {
	case err == nil:
	case isPassing(err):
		for _, st := range live {
			s.later(st, err)
		}
	case len(live) > 1:
		// One of them is at fault. Half of them at a time, it is found soon.
		for _, half := range [][]*step{live[:len(live)/2], live[len(live)/2:]} {
			for _, st := range half {
				st.taken.Store(false)
			}
			s.carryOut(half)
		}
	case isCollision(err) && live[0].tries < maxTries:
		live[0].tries++
		live[0].fresh = ""
		s.again(live[0], firstWait<<live[0].tries)
	default:
		live[0].end(explain(err))
	}
}

// later tries a step again after a failure that may pass, such as a server that
// restarts, or tells its caller if that has gone on for too long.
func (s *Store) later(st *step, err error) {
	s.failed.Store(&failure{time.Now(), err})
	if time.Since(st.since) > s.cfg.Patience {
		st.end(explain(err))
		return
	}
	st.tries++
	s.again(st, min(20*time.Millisecond<<min(st.tries, 5), 500*time.Millisecond))
}

// blocked has a step come again that needs what somebody else has locked.
func (s *Store) blocked(st *step) {
	st.waits = min(max(firstWait, 2*st.waits), lastWait)
	if waited := time.Since(st.since); !st.told && waited > s.longWait {
		st.told = true
		s.cfg.Logger.LogAttrs(st.ctx, slog.LevelWarn,
			"a change waits for a lock that another transaction holds: end transactions that use EnqueueTx or CompleteTx soon",
			slog.Duration("waited", waited.Round(time.Second)), slog.Any("refs", st.needs.refs))
	}
	if st.instead != nil && st.waits >= lastWait {
		// Not by the writer, for it reads.
		s.delayed.Add(1)
		go func() {
			defer s.delayed.Add(-1)
			if err := st.instead(); !errors.Is(err, errBlocked) {
				st.end(err)
				return
			}
			s.again(st, st.waits)
		}()
		return
	}
	s.again(st, st.waits)
}

// again hands a step to the writer after a time.
func (s *Store) again(st *step, wait time.Duration) {
	st.taken.Store(false)
	if st.ctx.Err() != nil && st.taken.CompareAndSwap(false, true) {
		st.end(s.unavailable(context.Cause(st.ctx), st))
		return
	}
	s.delayed.Add(1)
	time.AfterFunc(wait, func() {
		defer s.delayed.Add(-1)
		if err := s.hand(st); err != nil && st.taken.CompareAndSwap(false, true) {
			st.end(err)
		}
	})
}

// attempt is a transaction that carries out a group.
type attempt struct {
	s     *Store
	steps []*step
	view  *view

	id      string // of its row in the table of groups
	lock    int64  // that it holds from its first batch on
	lazy    bool
	pid     int32 // of the server's process
	begun   time.Time
	waiting []*step // need what others have locked
}

// run carries the group out and tells the callers. An error says that nothing was
// changed, and that nobody was told.
func (a *attempt) run() error {
	ctx, cancel := context.WithTimeout(context.Background(), groupTime)
	defer cancel()
	conn, err := a.s.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release() // which closes it if the transaction was not ended
	a.view = a.s.newView(ctx, pgxQuerier{conn.Conn()})
	if err := a.begin(); err != nil {
		rollBack(conn)
		return err
	}
	carried := a.rules()
	if a.view.broken != nil {
		rollBack(conn)
		return a.view.broken
	}
	if len(carried) == 0 {
		rollBack(conn)
		a.postpone()
		return nil
	}
	a.s.warned.Delete(conn.Conn().PgConn().PID())
	sent, err := a.commit(carried)
	if _, warned := a.s.warned.Load(conn.Conn().PgConn().PID()); err == nil && warned && !a.lazy {
		err = errWarned
	}
	switch {
	case err == nil:
	case isQueueFull(err) && !a.s.mute.Swap(true):
		a.s.cfg.Logger.Error("PostgreSQL keeps no more notifications, because somebody who listens has a transaction open: until that ends, other processes learn of changes within a second or so",
			slog.Any("error", err))
		rollBack(conn)
		return &passingError{err}
	case !sent || !isAmbiguous(err):
		rollBack(conn)
		return err
	default:
		conn.Hijack().Close(closedContext)          // nothing more comes from it
		a.s.failed.Store(&failure{time.Now(), err}) // Health tells while it is found out
		committed, unknown := a.s.wasCommitted(a)
		if unknown != nil {
			a.postpone()
			for _, st := range carried {
				st.end(&OutcomeUnknownError{Err: explain(err)})
			}
			return nil
		}
		if !committed {
			return &passingError{err}
		}
		for _, st := range carried {
			if rec := st.completed(st.err); rec != nil {
				// Nobody must take what stands for the content for the content.
				if err := a.s.complete(rec); err != nil {
					st.err = err
				}
			}
		}
	}
	a.s.failed.Store(nil)
	a.s.publish(a.view.told)
	a.postpone()
	for _, st := range carried {
		st.end(st.err)
	}
	return nil
}

// errWarned is about a transaction that was committed with a warning of the server: it
// did not wait for its standby.
var errWarned = errors.New("the server warned as it committed")

// closedContext has ended: what is closed with it is not waited for.
var closedContext = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

func rollBack(conn *pgxpool.Conn) {
	if conn.Conn().IsClosed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, _ = conn.Exec(ctx, "ROLLBACK") // else the pool closes it
}

// begin begins a transaction in which each statement sees what was committed before
// it, whatever the default of the database is.
const begin = "BEGIN ISOLATION LEVEL READ COMMITTED"

// settings hold for the transaction. Plans are made without the ways that are good
// only for a table that is nearly empty, which is what a new one looks like. A
// process that is stopped must not keep its locks, and nobody waits for long.
const settings = `SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
	set_config('jit', 'off', true), set_config('plan_cache_mode', 'force_generic_plan', true),
	set_config('lock_timeout', '1s', true), set_config('idle_in_transaction_session_timeout', '10s', true)`

// selMoment comes last of what is read first: the locks are held.
const selMoment = "SELECT clock_timestamp(), pg_backend_pid(), transaction_timestamp()"

// begin begins the transaction and reads and locks what the steps need.
func (a *attempt) begin() error {
	v := a.view
	var all needs
	seen := make(map[string]bool)
	for _, st := range a.steps {
		for _, ref := range st.needs.refs {
			if ref = column(ref); !seen[ref] {
				seen[ref] = true
				all.refs = append(all.refs, ref)
			}
		}
		all.ids = append(all.ids, st.needs.ids...)
		all.tenants, all.keys = append(all.tenants, st.needs.tenants...), append(all.keys, st.needs.keys...)
		all.names = append(all.names, st.needs.names...)
	}
	a.lock = rand.Int64()
	list := []statement{{sql: begin}, {sql: settings}, {sql: lockGroup, args: []any{a.lock}}}
	had := make(map[int64]bool, len(all.names))
	if len(all.names) > 0 {
		next := 0
		list = append(list, statement{sql: tryNames, args: []any{all.names}, row: func(scan func(...any) error) error {
			var got bool
			err := scan(&got)
			had[all.names[next]] = got
			next++
			return err
		}})
	}
	list = append(list, v.idFinders(all.ids)...)
	list = append(list, v.keyFinders(all.tenants, all.keys)...)
	list = append(list, v.rowReaders(all.refs)...)
	list = append(list, statement{sql: selMoment, row: func(scan func(...any) error) error { return scan(&v.now, &a.pid, &a.begun) }})
	if err := v.send(list...); err != nil {
		return err
	}
	v.now = v.now.UTC()
	if err := a.lookedUp(); err != nil {
		return err
	}
	free := a.steps[:0:0]
	for _, st := range a.steps {
		blocked := false
		for _, name := range st.needs.names {
			blocked = blocked || !had[name]
		}
		if blocked {
			a.waiting = append(a.waiting, st)
		} else {
			free = append(free, st)
		}
	}
	a.steps = free
	return nil
}

// lookedUp reads the records that were found by an id or a key.
func (a *attempt) lookedUp() error {
	v := a.view
	var refs []string
	for _, l := range []*lookup{&v.ids, &v.keys} {
		for _, found := range l.refs {
			for _, ref := range found {
				if v.rows[ref] == nil && !v.busy[ref] {
					refs = append(refs, ref)
				}
			}
		}
	}
	return v.send(v.rowReaders(refs)...)
}

// rules runs the rules of each step and returns those that were carried out.
func (a *attempt) rules() (carried []*step) {
	for _, st := range a.steps {
		if a.view.once = st.once; st.fresh != "" {
			a.view.assume(st.fresh)
		}
		err := a.view.step(st.run)
		switch {
		case a.view.broken != nil:
			return nil
		case errors.Is(err, errBlocked):
			a.waiting = append(a.waiting, st)
			continue
		}
		st.err = err
		carried = append(carried, st)
	}
	return carried
}

// postpone has the steps come again that others are in the way of.
func (a *attempt) postpone() {
	for _, st := range a.waiting {
		a.s.blocked(st)
	}
}

const (
	insGroup = "INSERT INTO ~groups (id) VALUES ($1::uuid)"
	dropOld  = "DELETE FROM ~groups WHERE id < $1::uuid"
	// The end of the transaction may take as long as it takes: a notification waits
	// for those of all others on the server.
	notSynced = "SELECT set_config('synchronous_commit', 'off', true), set_config('lock_timeout', '0', true)"
	synced    = strictly + ", set_config('lock_timeout', '0', true)"
	// lockGroup is held until the transaction is over, whatever of it the server has
	// not read yet. Its number is random, so that nobody waits.
	lockGroup  = "SELECT pg_advisory_xact_lock($1)"
	selContent = "SELECT ref, body FROM ~contents WHERE ref = ANY ($1::text[])"
)

// commit writes what the steps have changed. It reports whether the end of the
// transaction was sent.
func (a *attempt) commit(carried []*step) (sent bool, err error) {
	v := a.view
	list, err := v.writes()
	if err != nil {
		return false, err
	}
	changed := len(list) > 0
	lazy := true
	v.sender = a.s.sender
	var missing []*store.Record
	for _, st := range carried {
		lazy = lazy && st.lazy
		if rec := st.completed(st.err); rec != nil {
			missing = append(missing, rec)
		}
	}
	if len(missing) > 0 {
		list = append([]statement{contentReader(missing)}, list...)
	}
	if !changed {
		return false, v.send(append(list, statement{sql: "ROLLBACK"})...)
	}
	a.lazy = lazy
	a.id = newGroup(v.now)
	list = append(list, statement{sql: insGroup, args: []any{a.id}})
	if a.s.groups.Add(1)%dropGroups == 0 {
		list = append(list, statement{sql: dropOld, args: []any{newGroup(v.now.Add(-keepGroups))}})
	}
	if lazy {
		list = append(list, statement{sql: notSynced})
	} else {
		list = append(list, statement{sql: synced})
	}
	return true, v.send(append(list, statement{sql: "COMMIT"})...)
}

// newGroup is a random id that begins with a time.
func newGroup(at time.Time) string {
	var id uuid.UUID
	_, _ = crand.Read(id[6:]) // never fails
	ms := at.UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return id.String()
}

// contentReader completes records with the content that was kept of them.
func contentReader(list []*store.Record) statement {
	wanting := make(map[string][]*store.Record, len(list))
	for _, rec := range list {
		ref := column(rec.Ref)
		wanting[ref] = append(wanting[ref], rec)
	}
	return statement{sql: selContent, args: []any{slices.Collect(maps.Keys(wanting))}, row: func(scan func(...any) error) error {
		var ref string
		var body []byte
		if err := scan(&ref, &body); err != nil {
			return err
		}
		for _, rec := range wanting[ref] {
			withContent(rec, body)
		}
		return nil
	}}
}

// withContent completes a record, which shares its outcome with others.
func withContent(rec *store.Record, body []byte) {
	o := *rec.Outcome
	o.Content = content(body)
	rec.Outcome = &o
}
