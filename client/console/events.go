package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// together is for how long changes are collected before the page is told of them.
const together = 200 * time.Millisecond

// quiet is after how long a line is sent that says nothing, so that proxies keep the
// connection and readers that are gone are noticed.
const quiet = 15 * time.Second

// slow is for how long a reader may take nothing.
const slow = 30 * time.Second

// events tells as it happens which operations changed. The page reads anew what it
// shows of them; so nothing is missed by a page that was away, which reads all anew.
func (c *Console) events(w http.ResponseWriter, r *http.Request) {
	watch := c.cfg.Store.Watch(c.cfg.Tenant)
	defer watch.Close()
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	n, _ := strconv.Atoi(r.Header.Get("Last-Event-ID"))
	send := func(event string, data any) bool {
		n++
		body, err := json.Marshal(data)
		if err != nil {
			return false
		}
		_ = out.SetWriteDeadline(time.Now().Add(slow)) // where it can be set
		if _, err = fmt.Fprintf(w, "id: %d\nevent: %s\ndata: %s\n\n", n, event, body); err == nil {
			err = out.Flush()
		}
		return err == nil
	}
	if !send("hello", map[string]any{"at": time.Now()}) {
		return
	}
	idle := time.NewTicker(quiet)
	defer idle.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-idle.C:
			if !send("idle", map[string]any{"at": time.Now()}) {
				return
			}
			continue
		case <-watch.C():
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(together):
		}
		refs, all := watch.Take()
		if !send("changed", map[string]any{"refs": refs[:min(len(refs), 500)], "all": all || len(refs) > 500}) {
			return
		}
	}
}
