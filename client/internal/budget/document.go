package budget

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/vismanet-go/background/store"
)

// What replicas share is a document of the store. All times in it are the
// store's, in milliseconds since 1970, so that the clocks of replicas may differ.
type document struct {
	Version  int                        `json:"v"`
	Pause    *documentPause             `json:"pause,omitempty"`
	Probe    *documentProbe             `json:"probe,omitempty"`
	Windows  []documentWindow           `json:"windows,omitempty"`
	Replicas map[string]documentReplica `json:"replicas,omitempty"`
}

// documentPause is there until a call has shown that it is over.
type documentPause struct {
	Until int64 `json:"until"`
	Times int   `json:"times,omitempty"` // 429s in a row that did not say how long
}

// documentProbe is the one call that finds out whether a pause or a window that
// was used up is over.
type documentProbe struct {
	Owner string `json:"owner"`
	Until int64  `json:"until"`
}

type documentWindow struct {
	Policy  string                   `json:"policy"`
	Limit   int                      `json:"limit"`
	Left    int                      `json:"left"`
	End     int64                    `json:"end"`
	Length  int64                    `json:"length"`
	Users   uint8                    `json:"users"`
	Submits int                      `json:"submits"`
	Slices  map[string]documentSlice `json:"slices,omitempty"`
}

type documentSlice struct {
	Calls int   `json:"calls"`
	At    int64 `json:"at"`
	Until int64 `json:"until"`
}

// documentReplica is the work that a replica has, for [Budget.Scarcity].
type documentReplica struct {
	Pending  int   `json:"pending"`  // operations that it polls
	Expected int   `json:"expected"` // submits, until the window ends
	At       int64 `json:"at"`
}

const (
	documentVersion = 1
	maxReplicas     = 192     // whose work, and whose slices of one window, are kept
	maxSlices       = 384     // of all windows: that is less than 40 KiB
	maxBook         = 1 << 30 // calls; what tells of more is garbage
)

var (
	errGarbage = errors.New("the document of the budget cannot be read")
	errNewer   = errors.New("the document of the budget is of a newer version")
)

// decode reads a document. One that makes no sense is an error, as a whole.
func decode(body []byte) (document, error) {
	d := document{Version: documentVersion}
	if len(body) == 0 {
		return d, nil
	}
	err := json.Unmarshal(body, &d)
	if d.Version > documentVersion { // whatever else is in it
		return document{}, errNewer
	}
	switch {
	case err != nil, d.Version != documentVersion, len(d.Windows) > maxPolicies, len(d.Replicas) > maxReplicas:
		return document{}, errGarbage
	}
	for i, w := range d.Windows {
		if w.Limit <= 0 || w.Limit > maxBook || w.Left < 0 || w.Left > w.Limit || w.Submits < 0 || w.Submits > maxBook || w.Policy == "" || len(w.Slices) > maxReplicas ||
			w.Length < 0 || w.Length > maxLength.Milliseconds() ||
			slices.ContainsFunc(d.Windows[:i], func(o documentWindow) bool { return o.Policy == w.Policy }) {
			return document{}, errGarbage
		}
		for _, s := range w.Slices {
			if s.Calls < 0 || s.Calls > w.Limit+maxBook/2 {
				return document{}, errGarbage
			}
		}
	}
	for _, r := range d.Replicas {
		if r.Pending < 0 || r.Pending > maxBook || r.Expected < 0 || r.Expected > maxBook {
			return document{}, errGarbage
		}
	}
	return d, nil
}

func (d document) encode() []byte {
	body, err := json.Marshal(d)
	if err != nil {
		panic(err) // it holds numbers and texts only
	}
	return body
}

// clock translates between this process's clock and the store's.
type clock struct {
	here  time.Time
	store time.Time
}

func (c clock) stored(t time.Time) int64 { return c.store.Add(t.Sub(c.here)).UnixMilli() }

func (c clock) local(ms int64) time.Time {
	ahead := time.Duration(ms-c.store.UnixMilli()) * time.Millisecond
	return c.here.Add(min(max(ahead, -farOff), farOff))
}

const (
	maxLength = 48 * time.Hour // of a window
	farOff    = 100 * 24 * time.Hour
	// maxAhead is how far ahead an end or a pause may lie: an hour, and a little
	// for the way to the store. What lies beyond is void.
	maxAhead = time.Hour + 5*time.Second
)

// takeOver merges a document that was read. What this replica has learnt and not
// written yet is merged again into it.
func (b *Budget) takeOver(read store.Document, now time.Time) {
	b.clock = clock{here: now, store: read.Now}
	b.version = read.Version
	d, err := decode(read.Body)
	if b.newer = errors.Is(err, errNewer); b.newer {
		b.trouble = err
		return
	}
	if err != nil || len(read.Body) == 0 {
		// What is known here is all that is left, and is written again.
		b.trouble = err
		b.news.pause = b.news.pause || !b.pause.until.IsZero()
		for _, w := range b.windows {
			w.news = true
		}
	}
	b.takePause(d.Pause, now)
	b.takeProbe(d.Probe, now)
	kept := b.windows[:0]
	for _, w := range b.windows {
		if w.news || slices.ContainsFunc(d.Windows, func(dw documentWindow) bool { return dw.Policy == w.policy }) {
			kept = append(kept, w)
		}
	}
	clear(b.windows[len(kept):])
	b.windows = kept
	for _, dw := range d.Windows {
		b.takeWindow(dw, now)
	}
	b.replicas = d.Replicas
}

func (b *Budget) takePause(p *documentPause, now time.Time) {
	var theirs pause
	if p != nil {
		theirs = pause{until: b.clock.local(p.Until), times: p.Times}
		if theirs.until.After(now.Add(maxAhead)) {
			theirs = pause{} // void
		}
	}
	switch {
	case b.news.pause:
		b.pause = pause{until: later(theirs.until, b.pause.until), times: max(theirs.times, b.pause.times)}
	case b.news.proof && passed(now, theirs.until):
		// It is over, and the next write says so.
	case theirs.until.IsZero() && !b.pause.until.IsZero():
		b.proved(now)
	default:
		b.pause = theirs
	}
}

func (b *Budget) takeProbe(p *documentProbe, now time.Time) {
	if p == nil {
		b.probe = probe{}
		return
	}
	until, used := b.clock.local(p.Until), false
	if p.Owner == b.cfg.Owner {
		if b.news.probe {
			return // it is done, and the next write says so
		}
		used = b.probe.used
	}
	if b.probe = (probe{owner: p.Owner, until: until, used: used}); until.After(now.Add(2 * probeFor)) {
		b.probe = probe{} // void
	}
	b.news.wantProbe = b.news.wantProbe && passed(now, b.probe.until)
}

func (b *Budget) takeWindow(dw documentWindow, now time.Time) {
	end := b.clock.local(dw.End)
	if end.After(now.Add(maxAhead)) {
		return // void
	}
	i := slices.IndexFunc(b.windows, func(w *window) bool { return w.policy == dw.Policy })
	if i < 0 {
		if len(b.windows) >= maxPolicies {
			return
		}
		i = len(b.windows)
		b.windows = append(b.windows, &window{policy: strings.Clone(dw.Policy), low: unread})
	}
	w := b.windows[i]
	w.users |= dw.Users
	b.known |= dw.Users
	w.others = make(map[string]slice, len(dw.Slices))
	leased := false
	for owner, s := range dw.Slices {
		if owner == b.cfg.Owner {
			leased = true
			continue
		}
		w.others[owner] = slice{calls: s.Calls, at: b.clock.local(s.At), until: b.clock.local(s.Until)}
	}
	apart := end.Sub(w.first)
	if w.limit > 0 && w.news && apart < -sameWindow {
		// It is the window before the one that is known here.
		w.left = min(w.left, max(0, w.low-w.outstanding()-w.slice-b.inflight))
		return
	}
	if w.limit == 0 || apart.Abs() > sameWindow {
		if w.limit > 0 && w.left+w.slice == 0 {
			b.limit, b.lift = ramp, now.Add(rampFor) // many may have waited for it
		}
		w.first, w.low, w.taken, w.rival = end, unread, Counts{}, rivalTale{}
		w.fresh = 0
	}
	if !leased {
		w.slice = 0 // the others took it for lost
		// Calls that were made before the limit was known were in no slice.
		early := min(b.early, b.inflight+firstCalls)
		w.news = (w.limit == 0 || w.news) && early > 0
		if w.news {
			dw.Left = max(0, dw.Left-early)
		}
	} else {
		w.news = false
	}
	w.limit, w.left, w.end, w.submits = dw.Limit, dw.Left, end, dw.Submits
	w.length = max(time.Duration(dw.Length)*time.Millisecond, time.Second)
	w.lower(w.low, b.inflight)
}

// write makes the document that the store is to have, or returns nil if it has it
// already. What it leases is granted by written, once it is there.
func (b *Budget) write(now time.Time, closing bool) []byte {
	if b.newer || !closing && !b.toWrite(now) {
		return nil
	}
	d := document{Version: documentVersion}
	for _, w := range b.windows {
		d.Windows = append(d.Windows, b.writeWindow(w, now, closing))
	}
	if !b.pause.until.IsZero() {
		d.Pause = &documentPause{Until: b.clock.stored(b.pause.until), Times: b.pause.times}
	}
	p := b.probe
	if b.nextProbe = (probe{}); b.news.wantProbe && !closing && passed(now, p.until) {
		b.nextProbe = probe{owner: b.cfg.Owner, until: now.Add(probeFor)}
		p = b.nextProbe
	}
	if !passed(now, p.until) {
		d.Probe = &documentProbe{Owner: p.owner, Until: b.clock.stored(p.until)}
	}
	d.Replicas = b.writeReplicas(now, closing)
	b.hand()
	return d.encode()
}

func (b *Budget) writeWindow(w *window, now time.Time, closing bool) documentWindow {
	w.reclaim(now, b.inflight)
	w.forget(maxSlices/len(b.windows) - 1)
	w.coming = 0
	if w.wanted && !closing && w.left > 0 {
		w.coming = max(0, w.size(now)-w.slice) // it may be the time of its slice that is over
	}
	dw := documentWindow{
		Policy: w.policy, Limit: w.limit, Left: min(w.limit, w.left-w.coming), End: b.clock.stored(w.end), Length: w.length.Milliseconds(), Users: w.users, Submits: w.submits + w.fresh,
		Slices: make(map[string]documentSlice, len(w.others)+1),
	}
	for owner, s := range w.others {
		dw.Slices[owner] = documentSlice{Calls: s.calls, At: b.clock.stored(s.at), Until: b.clock.stored(s.until)}
	}
	switch mine := w.slice + w.coming; {
	case closing:
		dw.Left = min(w.limit, dw.Left+w.slice)
	case mine > 0:
		dw.Slices[b.cfg.Owner] = documentSlice{Calls: mine + b.inflight, At: b.clock.stored(now), Until: b.clock.stored(now.Add(sliceFor))}
	}
	return dw
}

func (b *Budget) writeReplicas(now time.Time, closing bool) map[string]documentReplica {
	out := make(map[string]documentReplica, len(b.replicas)+1)
	for owner, r := range b.replicas {
		if now.Sub(b.clock.local(r.At)).Abs() < replicaFor && len(out) < maxReplicas-1 {
			out[owner] = r
		}
	}
	if delete(out, b.cfg.Owner); !closing {
		out[b.cfg.Owner] = documentReplica{Pending: b.polled, Expected: b.expected(now), At: b.clock.stored(now)}
	}
	return out
}

// hand marks what is written as no news any more. What becomes news while the
// store writes stays so; restore brings the rest back if it did not.
func (b *Budget) hand() {
	b.writing, b.news = b.news, news{}
	for _, w := range b.windows {
		w.writing, w.news = w.news, false
		w.wanted = false
		w.sent = w.fresh
	}
}

func (b *Budget) restore() {
	b.news = b.news.and(b.writing)
	b.writing, b.nextProbe = news{}, probe{}
	for _, w := range b.windows {
		w.news = w.news || w.writing
		w.wanted = w.wanted || w.coming > 0
		w.writing, w.coming, w.sent = false, 0, 0
	}
}

// written takes in that the document is there.
func (b *Budget) written(d store.Document, asked time.Time) {
	b.clock, b.version = clock{here: time.Now(), store: d.Now}, d.Version
	b.early = 0
	if b.writing = (news{}); b.nextProbe.owner != "" {
		b.probe, b.nextProbe = b.nextProbe, probe{}
	}
	for _, w := range b.windows {
		w.left = max(0, w.left-w.coming)
		w.slice += w.coming
		w.lower(w.low, b.inflight) // an answer may have told of less while it was written
		w.until = asked.Add(useFor)
		w.submits, w.fresh = w.submits+w.sent, w.fresh-w.sent
		w.writing, w.coming, w.sent = false, 0, 0
	}
}
