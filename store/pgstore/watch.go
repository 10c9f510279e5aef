package pgstore

import (
	"context"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// WakeWithin is how long it takes at most until a watcher is woken for a change by
// another process of which the server's notification was lost: because the connection
// that listens was lost and is made anew, or because something in between does not
// pass notifications on.
const WakeWithin = 1500 * time.Millisecond

const (
	// maxPayload is what one notification of PostgreSQL may carry, but for a few
	// bytes, and maxPayloads how many go with a group before they say that anything
	// may have changed.
	maxPayload, maxPayloads = 7900, 8
	// quiet, and up to jitter more, is after what time without a notification one is
	// sent to ourselves, which is not more often than once a second, and answered how
	// long that may take until notifications count as lost.
	quiet    = 950 * time.Millisecond
	jitter   = 200 * time.Millisecond
	answered = 250 * time.Millisecond
	// redial is the wait after a connection that listens could not be had.
	redial = 250 * time.Millisecond
)

// hearing is what is known of the server's notifications.
type hearing struct {
	last atomic.Int64 // when one came, ns
	lost atomic.Bool  // they do not come
	told atomic.Bool  // that they do not come
	conn atomic.Pointer[listener]
}

// listener is a connection that listens.
type listener struct {
	since time.Time
	end   context.CancelFunc
}

func newSender() string { return strconv.FormatUint(rand.Uint64(), 36) }

// payloads are what is notified of changes: the sender, and a tenant and a ref by
// turns; the sender alone says that anything may have changed.
// A caller's transaction has no sender, so that we hear of it as well.
func (s *Store) payloads(sender string, told []woken) (out []string) {
	if len(told) == 0 {
		return nil
	}
	seen := make(map[woken]bool, len(told))
	list, size := []string{sender}, len(sender)
	flush := func() {
		b, _ := json.Marshal(list) // texts can be written
		out = append(out, string(b))
		list, size = []string{sender}, len(sender)
	}
	for _, w := range told {
		if seen[w] {
			continue
		}
		seen[w] = true
		tenant, ref := column(w.tenant), column(w.ref)
		more := escaped(tenant) + escaped(ref) + 6
		if size+more > maxPayload {
			flush()
		}
		if more > maxPayload/2 || len(out) >= maxPayloads {
			list = []string{sender}
			out = nil
			flush()
			return out
		}
		list, size = append(list, tenant, ref), size+more
	}
	flush()
	return out
}

// escaped is how long a text is in JSON at most.
func escaped(s string) int {
	n := len(s)
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' || c >= 0x80 {
			n += 5
		}
	}
	return n
}

// publish wakes our own watchers.
func (s *Store) publish(told []woken) {
	for _, w := range told {
		s.hub.Publish(w.tenant, w.ref)
	}
}

// hear wakes watchers for what another process has told.
func (s *Store) hear(payload string) {
	s.heard.last.Store(time.Now().UnixNano())
	if s.heard.lost.Store(false); s.heard.told.Swap(false) {
		s.cfg.Logger.Info("notifications of PostgreSQL arrive again", slog.String("channel", s.channel))
	}
	var list []string
	if err := json.Unmarshal([]byte(payload), &list); err != nil || len(list)%2 != 1 {
		s.hub.PublishAll()
		return
	}
	switch {
	case list[0] == s.sender: // our watchers know
		return
	case len(list) == 1:
		s.hub.PublishAll()
		return
	}
	for i := 1; i < len(list); i += 2 {
		tenant, whole := uncolumn(list[i])
		ref, also := uncolumn(list[i+1])
		if !whole || !also {
			s.hub.PublishAll()
			return
		}
		s.hub.Publish(tenant, ref)
	}
}

// setActive is told by the hub whether anybody watches.
func (s *Store) setActive(active bool) {
	s.active.Store(active)
	select {
	case s.toggle <- struct{}{}:
	default: // told already
	}
}

// watch listens as long as anybody watches.
func (s *Store) watch() {
	for {
		for !s.active.Load() {
			select {
			case <-s.toggle:
			case <-s.gone:
				return
			}
		}
		s.listen()
		select {
		case <-s.gone:
			return
		default:
		}
	}
}

// listen listens until nobody watches or the store is closed.
func (s *Store) listen() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan struct{})
	s.watching.Go(func() {
		defer close(done)
		s.listening(ctx)
	})
	defer func() {
		cancel()
		<-done
	}()
	probe := time.NewTimer(quiet)
	defer probe.Stop()
	for {
		select {
		case <-probe.C:
			probe.Reset(s.probe(ctx))
		case <-s.toggle:
			if !s.active.Load() {
				s.heard.lost.Store(false) // of no concern meanwhile
				return
			}
		case <-s.gone:
			return
		}
	}
}

// listening keeps a connection that listens, until the context ends.
func (s *Store) listening(ctx context.Context) {
	for ctx.Err() == nil {
		if err := s.listenOnce(ctx); err != nil && ctx.Err() == nil {
			select {
			case <-time.After(redial/2 + rand.N(redial)):
			case <-ctx.Done():
			}
		}
	}
}

func (s *Store) listenOnce(ctx context.Context) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	dial, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	conn, err := pgx.ConnectConfig(dial, s.listenConfig)
	if err != nil {
		return err
	}
	defer conn.Close(closedContext)
	if _, err := conn.Exec(dial, "LISTEN "+pgx.Identifier{s.channel}.Sanitize()); err != nil {
		return err
	}
	s.heard.conn.Store(&listener{time.Now(), end})
	defer s.heard.conn.Store(nil)
	s.hub.PublishAll() // what was told before was missed
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		s.hear(n.Payload)
	}
}

const ping = "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)"

// probe makes sure that notifications arrive, and wakes everybody if they do not. It
// returns when to come again.
func (s *Store) probe(ctx context.Context) time.Duration {
	since := time.Since(time.Unix(0, s.heard.last.Load()))
	if since < quiet && !s.heard.lost.Load() {
		return quiet - since + rand.N(jitter)
	}
	asked := time.Now()
	limit, cancel := context.WithTimeout(ctx, answered)
	defer cancel()
	b, _ := json.Marshal([]string{s.sender})
	err := s.send(limit, statement{sql: ping, args: []any{s.channel, string(b)}})
	if err == nil {
		s.mute.Store(false)
	}
	for limit.Err() == nil {
		if s.heard.last.Load() > asked.UnixNano() {
			return quiet + rand.N(jitter)
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-limit.Done():
		case <-s.gone:
			return quiet
		}
	}
	again := s.heard.lost.Swap(true)
	// The other end may be gone without a word. One that is being made is let be: it
	// may take longer than we wait here.
	l := s.heard.conn.Load()
	listened := l != nil && l.since.Before(asked)
	if again && listened {
		l.end()
	}
	if err == nil && (again || listened) && !s.heard.told.Swap(true) {
		s.cfg.Logger.Warn("notifications of PostgreSQL do not arrive: watchers look again each second meanwhile; behind a pooler, ListenDSN has to lead to the server itself",
			slog.String("channel", s.channel))
	}
	s.hub.PublishAll()
	return quiet - answered + rand.N(jitter)
}
