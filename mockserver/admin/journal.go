package admin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/vismanet-go/background/mockserver/admin/internal/api"
	"github.com/vismanet-go/background/mockserver/internal/match"
	"github.com/vismanet-go/background/mockserver/journal"
)

// batch is how many entries are taken out of the journal at a time.
const batch = 256

// An entryFilter says which entries are meant; empty fields mean any.
type entryFilter struct {
	journal.Filter
	path string // a pattern
	text string // in lower case
}

// fits reports whether an entry that fits the Filter is meant.
func (f entryFilter) fits(e *journal.Entry) bool {
	return (f.path == "" || match.FitsPath(f.path, match.PlainPath(pathOf(e)))) && (f.text == "" || strings.Contains(textOf(e), f.text))
}

// pathOf is the path that an entry is about; empty if it is about none.
func pathOf(e *journal.Entry) string {
	switch {
	case e.Request != nil:
		return e.Request.Path
	case e.Operation != nil:
		return e.Operation.Path
	case e.Hit != nil:
		return e.Hit.Path
	}
	return ""
}

// textOf is an entry as it is shown, in lower case. Bodies are in it as they are.
func textOf(e *journal.Entry) string {
	shown := entryOf(*e)
	body := ""
	if shown.Request != nil {
		body, shown.Request.Body = shown.Request.Body, ""
	}
	data, err := json.Marshal(shown)
	if err != nil {
		panic(err) // the types are ours
	}
	return strings.ToLower(string(data) + "\n" + body)
}

// isKind reports whether a kind of entry is one; if not, the request is refused.
func isKind(w http.ResponseWriter, k api.EntryKind) bool {
	if k != "" && !k.Valid() {
		wrong(w, "kind", "%s: want request, accepted, started, ended, attempt, fault or clock", shortened(string(k)))
		return false
	}
	return true
}

// SearchJournal serves GET /journal.
func (a *Admin) SearchJournal(w http.ResponseWriter, r *http.Request, p api.SearchJournalParams) {
	limit, ok := limited(w, r, p.Limit)
	if !ok || !isKind(w, p.Kind) {
		return
	}
	if p.After < 0 {
		wrong(w, "after", "must not be negative")
		return
	}
	f := entryFilter{journal.Filter{Company: p.Company, Kind: journal.Kind(p.Kind), OperationID: strings.ToLower(p.OperationID)}, p.Path, strings.ToLower(p.Text)}
	list, next, lost := a.search(f, p.After, limit)
	reply(w, http.StatusOK, api.JournalPage{Entries: converted(list, entryOf), Next: next, Dropped: lost})
}

// ExportJournal serves GET /journal/export.
func (a *Admin) ExportJournal(w http.ResponseWriter, _ *http.Request, p api.ExportJournalParams) {
	format := cmp.Or(p.Format, api.ExportJournalParamsFormatScenario)
	switch {
	case !format.Valid():
		wrong(w, "format", "%s: want scenario, go or curl", shortened(string(format)))
		return
	case a.cfg.Export == nil:
		unknown(w, "way to write", string(format), "a program that mounts the control sets Config.Export; erpmock does")
		return
	}
	var text bytes.Buffer
	if err := a.cfg.Export(&text, a.srv, p.Company, string(format)); err != nil {
		a.failed(w, err, "")
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = text.WriteTo(w) // the client may be gone
}

// search lists at most so many entries after a number, and returns the number to
// go on from, and how many were forgotten before.
func (a *Admin) search(f entryFilter, after int64, limit int) (found []journal.Entry, next, lost int64) {
	j := a.srv.Journal().Select(f.Filter)
	for next = after; ; {
		list, end, missed := j.Since(next, batch)
		lost += missed
		for i := range list {
			if !f.fits(&list[i]) {
				continue
			}
			if len(found) == limit {
				return found, next, lost
			}
			found, next = append(found, list[i]), list[i].Seq
		}
		if next = end; len(list) < batch {
			return found, next, lost
		}
	}
}
