package console

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/store"
)

func (c *Console) session(w http.ResponseWriter, r *http.Request) {
	who := principal(r)
	write(w, http.StatusOK, map[string]any{
		"title": c.cfg.Title, "tenant": c.cfg.Tenant, "name": who.Name, "canAct": who.CanAct && !c.cfg.ReadOnly, "readOnly": c.cfg.ReadOnly,
		"phases": phases(),
	})
}

func phases() []store.Phase {
	return []store.Phase{
		store.Queued, store.Sending, store.Accepted, store.Settled, store.Acknowledged, store.Rejected,
		store.Uncertain, store.Unclear, store.Expired, store.Dead, store.Abandoned,
	}
}

// An overview is what is looked at first.
type overview struct {
	At      time.Time         `json:"at"`
	Stats   client.Stats      `json:"stats"`
	Oldest  []row             `json:"oldest"` // of what is pending
	Needs   []row             `json:"needs"`  // a person, the oldest first
	Health  map[string]string `json:"health"` // empty: well
	Stopped bool              `json:"notificationsStopped"`
	Routes  []routeTimes      `json:"routes"` // learned, the slowest first
}

// routeTimes is how long operations of a route run, in milliseconds.
type routeTimes struct {
	Route   string `json:"route"`
	Count   int    `json:"count"`
	Median  int64  `json:"median"`
	Slowest int64  `json:"slowest"` // nine in ten have ended by then
}

// fewRows is how many rows an overview has of a kind.
const fewRows = 8

// missedMany is when notifications count as stopped, as [client.NeedsNotifications]
// does.
const missedMany = 5

func (c *Console) overview(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	stats, err := c.cfg.Client.Stats(ctx)
	if err != nil {
		fail(w, err)
		return
	}
	v := overview{At: time.Now(), Stats: stats, Health: c.health(ctx), Stopped: stats.Missed >= missedMany}
	if v.Oldest, err = c.few(ctx, store.Queued, store.Sending, store.Accepted, store.Settled); err == nil {
		v.Needs, err = c.few(ctx, store.Uncertain, store.Unclear, store.Dead, store.Expired)
	}
	if err == nil {
		v.Routes, err = c.routes(ctx)
	}
	if err != nil {
		fail(w, err)
		return
	}
	write(w, http.StatusOK, v)
}

func (c *Console) routes(ctx context.Context) ([]routeTimes, error) {
	learned, err := c.cfg.Client.Learned(ctx)
	list := []routeTimes{}
	for _, r := range learned {
		list = append(list, routeTimes{
			Route: r.Route, Count: r.Count(), Median: r.Quantile(0.5).Milliseconds(), Slowest: r.Quantile(0.9).Milliseconds(),
		})
	}
	slices.SortStableFunc(list, func(a, b routeTimes) int { return -cmp.Compare(a.Slowest, b.Slowest) })
	return list, err
}

func (c *Console) few(ctx context.Context, phases ...store.Phase) ([]row, error) {
	list, err := c.cfg.Store.List(ctx, c.cfg.Tenant, store.Query{Phases: phases, Limit: fewRows})
	rows := []row{}
	for _, rec := range list {
		rows = append(rows, rowOf(rec))
	}
	return rows, err
}

func (c *Console) health(ctx context.Context) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	all := map[string]string{"store": text(c.storeHealth(ctx))}
	for name, look := range c.cfg.Health {
		all[name] = text(look(ctx))
	}
	return all
}

// storeHealth asks the store how it is, or reads from it where it cannot tell.
func (c *Console) storeHealth(ctx context.Context) error {
	if s, tells := c.cfg.Store.(interface{ Health(context.Context) error }); tells {
		return s.Health(ctx)
	}
	_, err := c.cfg.Store.List(ctx, c.cfg.Tenant, store.Query{Limit: 1, WithoutContent: true})
	return err
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// pageSize is how many rows of a list are read at a time.
const pageSize = 200

// scanned is how many records a page of a list looks at, at most: filters that the
// store does not have are applied here.
const scanned = 5000

// operations lists a page of what is selected.
func (c *Console) operations(w http.ResponseWriter, r *http.Request) {
	q, keep, err := queryOf(r.URL.Query())
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error(), "")
		return
	}
	if refs := r.URL.Query()["ref"]; len(refs) > 0 {
		c.named(w, r, refs, q, keep)
		return
	}
	rows, next := []row{}, ""
	for looked := 0; ; {
		list, err := c.cfg.Store.List(r.Context(), c.cfg.Tenant, q)
		if err != nil {
			fail(w, err)
			return
		}
		for _, rec := range list {
			q.After = rec.Position()
			if keep(rec) {
				rows = append(rows, rowOf(rec))
			}
			looked++
		}
		if len(list) < q.Limit {
			break
		}
		if len(rows) >= pageSize || looked >= scanned {
			next = cursor(q.After)
			break
		}
	}
	write(w, http.StatusOK, map[string]any{"operations": rows, "next": next})
}

// named lists those of some operations that are selected, in no order: what changed
// of a list that the page shows.
func (c *Console) named(w http.ResponseWriter, r *http.Request, refs []string, q store.Query, keep func(store.Record) bool) {
	rows := []row{}
	for _, ref := range refs[:min(len(refs), pageSize)] {
		rec, err := c.cfg.Store.Get(r.Context(), c.cfg.Tenant, ref)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			fail(w, err)
			return
		}
		if q.Selects(rec) && keep(rec) {
			rows = append(rows, rowOf(rec))
		}
	}
	write(w, http.StatusOK, map[string]any{"operations": rows, "next": ""})
}

// queryOf reads what is selected: what the store can select by, and the rest.
func queryOf(v url.Values) (store.Query, func(store.Record) bool, error) {
	q := store.Query{Limit: pageSize, NewestFirst: v.Get("order") != "oldest", Metadata: make(map[string]string)}
	for _, p := range v["phase"] {
		if !store.Phase(p).Valid() {
			return q, nil, &store.InvalidError{Field: "phase", Want: "one of the phases, not " + strconv.Quote(p)}
		}
		q.Phases = append(q.Phases, store.Phase(p))
	}
	if kind := v.Get("kind"); kind != "" {
		q.Kinds = []string{kind}
	}
	for _, pair := range v["meta"] {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return q, nil, &store.InvalidError{Field: "meta", Want: "name=value"}
		}
		q.Metadata[name] = value
	}
	var err error
	for name, to := range map[string]*time.Time{"since": &q.CreatedFrom, "until": &q.CreatedBefore} {
		if s := v.Get(name); s != "" {
			if *to, err = time.Parse(time.RFC3339, s); err != nil {
				return q, nil, &store.InvalidError{Field: name, Want: "a time such as 2026-11-28T10:00:00Z"}
			}
		}
	}
	if after := v.Get("after"); after != "" {
		data, err := base64.RawURLEncoding.DecodeString(after)
		if err == nil {
			err = json.Unmarshal(data, &q.After)
		}
		if err != nil {
			return q, nil, &store.InvalidError{Field: "after", Want: "what next said"}
		}
	}
	words := strings.Fields(strings.ToLower(v.Get("text")))
	outcome := v.Get("outcome")
	return q, func(rec store.Record) bool {
		if outcome != "" && (rec.Outcome == nil || rec.Outcome.Succeeded() != (outcome == "succeeded")) {
			return false
		}
		if len(words) == 0 {
			return true
		}
		o := rowOf(rec)
		all := strings.ToLower(strings.Join([]string{o.Ref, o.ID, o.Key, o.Kind, o.Method, o.Path, o.Why, metadataText(o.Metadata)}, "\n"))
		return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(all, word) })
	}, nil
}

func metadataText(m map[string]string) string {
	var b strings.Builder
	for name, value := range m {
		b.WriteString(name + "=" + value + "\n")
	}
	return b.String()
}

func cursor(p store.Position) string {
	data, _ := json.Marshal(p) // times and texts cannot fail
	return base64.RawURLEncoding.EncodeToString(data)
}

func (c *Console) operation(w http.ResponseWriter, r *http.Request) {
	rec, err := c.cfg.Store.Get(r.Context(), c.cfg.Tenant, r.PathValue("ref"))
	if err != nil {
		fail(w, err)
		return
	}
	write(w, http.StatusOK, wholeOf(rec, time.Now()))
}

// answerTime bounds the reading of an answer that only the ERP has.
const answerTime = 30 * time.Second

// answer gives the stored answer as a text, whatever it is: it is not rendered.
func (c *Console) answer(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	op, err := c.cfg.Client.OperationByRef(ctx, r.PathValue("ref"))
	if err != nil {
		fail(w, err)
		return
	}
	state, err := op.State(ctx)
	if err != nil {
		fail(w, err)
		return
	}
	if !state.Phase.Terminal() && state.Phase != store.Settled {
		refuse(w, http.StatusConflict, "It has no answer yet.", "")
		return
	}
	res, err := op.Wait(ctx)
	if res == nil {
		refuse(w, http.StatusConflict, "There is no answer: "+text(err), "")
		return
	}
	if !res.HasContent() {
		write(w, http.StatusOK, map[string]string{"text": ""})
		return
	}
	body, err := res.Bytes(ctx)
	if err != nil {
		fail(w, err)
		return
	}
	write(w, http.StatusOK, map[string]string{"text": strings.ToValidUTF8(string(body), "\uFFFD"), "type": res.Header.Get("Content-Type")})
}

func (c *Console) sequences(w http.ResponseWriter, r *http.Request) {
	list := []client.Sequence{}
	for s, err := range c.cfg.Client.Sequences(r.Context(), r.URL.Query().Get("stopped") == "true") {
		if err != nil {
			fail(w, err)
			return
		}
		if list = append(list, s); len(list) == 1000 {
			break
		}
	}
	slices.SortStableFunc(list, func(a, b client.Sequence) int { return -cmp.Compare(btoi(a.Stopped), btoi(b.Stopped)) })
	write(w, http.StatusOK, map[string]any{"sequences": list})
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
