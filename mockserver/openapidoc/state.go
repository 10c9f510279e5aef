package openapidoc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/vismanet-go/background/mockserver/internal/answer"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/compiled"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/fit"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/media"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/paths"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/resources"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/synth"
)

// stateful reports whether what was created, changed and deleted counts for a request:
// not where the caller prefers a failure, or an example.
func (c *call) stateful() bool {
	return c.d.cfg.Stateful && c.prefer.Example == "" && (c.prefer.Code == 0 || c.prefer.Code/100 == 2)
}

// maxTries bounds how often a change is tried again because somebody else was faster,
// or an id was taken.
const maxTries = 20

// serveState answers a request by what was created, changed and deleted.
func (c *call) serveState(w http.ResponseWriter) {
	book := c.d.state.Book(c.mock.Company)
	at := place(c.template(), c.match.values)
	update := c.isItem() && (c.Method == http.MethodPut || c.Method == http.MethodPatch || c.Method == http.MethodPost)
	needed := at
	if c.Method == http.MethodPut && c.isItem() {
		needed, _ = c.inList(at) // it may be created anew
	}
	switch {
	case book.Gone(needed):
		c.fail(w, http.StatusNotFound, "The requested resource was deleted.")
	case update && !c.isAction():
		c.update(w, book, at)
	case c.isItem() && c.Method == http.MethodDelete:
		c.remove(w, book, at)
	case c.isItem() && c.reads():
		c.read(w, book, at)
	case c.isList() && c.Method == http.MethodPost:
		c.create(w, book, at)
	case c.isList() && (c.Method == http.MethodPut || c.Method == http.MethodPatch):
		c.updateNamed(w, book, at)
	case c.isList() && c.reads():
		c.succeed(w, nil, func(v any, _ *schema.Schema) any { return c.withStored(book, at, v) })
	default:
		c.succeed(w, nil, nil)
	}
}

func (c *call) reads() bool { return c.Method == http.MethodGet || c.Method == http.MethodHead }

// isAction reports whether a POST for one thing does something else than change it:
// where that has a method of its own.
func (c *call) isAction() bool {
	return c.Method == http.MethodPost && (of(c.shape.item, http.MethodPut) != nil || of(c.shape.item, http.MethodPatch) != nil)
}

// fail answers with what the document has for a status, else with a message.
func (c *call) fail(w http.ResponseWriter, status int, message string) {
	resp, _ := c.response(status)
	if resp == nil || resp.Status != strconv.Itoa(status) {
		answer.WriteMessage(w, status, message)
		return
	}
	c.answer(w, resp, status, nil)
}

// succeed answers with the response for success, in which what is kept has its place.
func (c *call) succeed(w http.ResponseWriter, kept any, change edit) {
	resp, status := c.response(c.prefer.Code)
	if c.Method == http.MethodPost && c.prefer.Code == 0 && c.isList() {
		if created, _ := c.response(http.StatusCreated); created != nil && created.Status == "201" {
			resp, status = created, http.StatusCreated
		}
	}
	if resp == nil {
		c.undeclared(w)
		return
	}
	if kept != nil {
		change = func(v any, s *schema.Schema) any { return fit.Over(v, kept, s, schema.Response) }
	}
	c.answer(w, resp, status, change)
}

// inList are the list and the id of what is at a path; both are empty if it is in no
// list.
func (c *call) inList(at string) (list, id string) {
	if c.shape.parameter == "" {
		return "", ""
	}
	return at[:strings.LastIndexByte(at, '/')], c.match.values[len(c.match.values)-1].Text
}

// made is what the document has for one thing at the values of a path: what the
// answer to reading it is made of. It is nil if nothing reads things.
func (c *call) made(values []paths.Value) (v any, s *schema.Schema) { return c.madeUp(values, true) }

// madeUp is made, and echo says whether the value has the id that the values name.
func (c *call) madeUp(values []paths.Value, echo bool) (v any, s *schema.Schema) {
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodPatch, http.MethodPost} {
		o := of(c.shape.item, method)
		if o == nil {
			continue
		}
		if v, s = o.success(c, values, echo); v != nil {
			return v, s
		}
	}
	if o := of(c.shape.list, http.MethodPost); o != nil {
		return o.success(c, values, echo)
	}
	return nil, nil
}

// success is the value that an operation answers with in JSON where it succeeds.
func (o *operation) success(as *call, values []paths.Value, echo bool) (any, *schema.Schema) {
	resp, status := o.response(0)
	if resp == nil || status/100 != 2 {
		return nil, nil
	}
	i := slices.IndexFunc(resp.Content, func(m *compiled.MediaType) bool { return m.JSON() || strings.HasPrefix(m.Type, "*") })
	if i < 0 {
		return nil, nil
	}
	c := &call{operation: o, match: &match{o, values}, r: as.r, prefer: as.prefer, mock: as.mock}
	m := resp.Content[i]
	a := m.Answer(c.want(status))
	return c.echoed(a.Value, m.Schema, !echo), m.Schema
}

// read answers with one thing: as it is kept, else as it is in the list, else made up.
func (c *call) read(w http.ResponseWriter, book *resources.Book, at string) {
	now, _ := c.current(book, at)
	if now != nil {
		w.Header().Set("ETag", tag(now))
	}
	c.succeed(w, now, nil)
}

// current is what there is at a path, nil if the document says nothing of it; kept is
// what the state has of it.
func (c *call) current(book *resources.Book, at string) (v any, kept resources.Resource) {
	kept, ok := book.Get(at)
	if ok && !kept.Deleted {
		return decoded(kept.Value), kept
	}
	v, s := c.made(c.match.values)
	if _, id := c.inList(at); id != "" {
		if row := c.row(c.match.values[:len(c.match.values)-1], id); row != nil {
			v = fit.Over(v, row, s, schema.Response)
		}
	}
	return v, kept
}

// row is the row with an id that the list at the values of a path begins with, nil if
// there is none.
func (c *call) row(values []paths.Value, id string) any {
	list := of(c.shape.list, http.MethodGet)
	if list == nil {
		return nil
	}
	v, _ := list.success(c, values, false)
	at, ok := rowsAt(v, c.noun())
	if !ok {
		return nil
	}
	for _, row := range rowsOf(v, at) {
		object, _ := row.(map[string]any)
		if own, ok := idOf(object, c.shape.parameter, c.noun()); ok && strings.EqualFold(own, id) {
			return row
		}
	}
	return nil
}

// update changes what is at a path, which is there from then on.
func (c *call) update(w http.ResponseWriter, book *resources.Book, at string) {
	body, err := c.given()
	if err != nil {
		answer.WriteMessage(w, http.StatusBadRequest, err.Error()+".")
		return
	}
	for range maxTries {
		now, kept := c.current(book, at)
		if c.outdated(w, now) {
			return
		}
		_, s := c.made(c.match.values)
		next := fit.Over(now, body, s, schema.Response)
		kept.Collection, kept.ID = c.inList(at)
		if object, ok := next.(map[string]any); ok && s != nil && kept.ID != "" { // its id is that of the path
			if same := withID(object, s, c.shape.parameter, c.noun(), kept.ID); s.Valid(same, schema.Response) {
				next = same
			}
		}
		kept.Value, kept.Deleted = encoded(next), false
		if c.put(book, kept) {
			w.Header().Set("ETag", tag(next))
			c.succeed(w, next, nil)
			return
		}
	}
	c.fail(w, http.StatusConflict, "The resource is being changed by too many others.")
}

// updateNamed changes the thing in a list whose id the body has.
func (c *call) updateNamed(w http.ResponseWriter, book *resources.Book, list string) {
	body, _ := c.given() // what cannot be read names nothing
	object, _ := body.(map[string]any)
	id, ok := idOf(object, c.shape.parameter, c.noun())
	if !ok {
		c.succeed(w, nil, nil)
		return
	}
	one := *c
	one.match = &match{c.operation, append(slices.Clone(c.match.values), paths.Value{Name: c.shape.parameter, Text: id})}
	one.update(w, book, list+"/"+resources.Key(url.PathEscape(id)))
}

// remove deletes what is at a path.
func (c *call) remove(w http.ResponseWriter, book *resources.Book, at string) {
	for range maxTries {
		now, kept := c.current(book, at)
		if kept.Deleted {
			c.fail(w, http.StatusNotFound, "The requested resource was deleted.")
			return
		}
		if c.outdated(w, now) {
			return
		}
		kept.Collection, kept.ID = c.inList(at)
		kept.Deleted = true
		if c.put(book, kept) {
			c.succeed(w, now, nil)
			return
		}
	}
	c.fail(w, http.StatusConflict, "The resource is being changed by too many others.")
}

// create puts a new thing into a list.
func (c *call) create(w http.ResponseWriter, book *resources.Book, list string) {
	body, err := c.given()
	if err != nil {
		answer.WriteMessage(w, http.StatusBadRequest, err.Error()+".")
		return
	}
	wanted := ""
	if object, ok := body.(map[string]any); ok {
		wanted, _ = idOf(object, c.shape.parameter, c.noun())
	}
	for range maxTries {
		id := wanted
		if id == "" {
			id = c.freshID(book.Next(list))
		}
		values := append(slices.Clone(c.match.values), paths.Value{Name: c.shape.parameter, Text: id})
		made, s := c.made(values)
		v := fit.Over(made, body, s, schema.Response)
		if object, ok := v.(map[string]any); ok {
			if own, has := idOf(object, c.shape.parameter, c.noun()); has {
				id = own // what the schema allows
			}
		}
		at := list + "/" + resources.Key(url.PathEscape(id))
		kept, there := book.Get(at)
		if there && !kept.Deleted || !there && c.row(c.match.values, id) != nil {
			if wanted != "" && id == wanted {
				c.fail(w, http.StatusConflict, fmt.Sprintf("There is one with the id %s already.", id))
				return
			}
			wanted = ""
			continue
		}
		kept.Collection, kept.ID, kept.Value, kept.Deleted = list, id, encoded(v), false
		if !c.put(book, kept) {
			continue
		}
		w.Header().Set("Location", c.itemURL(id))
		if v == nil {
			v = body
		}
		w.Header().Set("ETag", tag(v))
		c.succeed(w, v, nil)
		return
	}
	c.fail(w, http.StatusConflict, "No id is free.")
}

// freshID is the id of the n-th thing that is created: as the document's schema has
// it, else the number.
func (c *call) freshID(n int) string {
	values := append(slices.Clone(c.match.values), paths.Value{Name: c.shape.parameter, Text: strconv.Itoa(n)})
	v, _ := c.madeUp(values, false)
	object, _ := v.(map[string]any)
	if id, ok := idOf(object, c.shape.parameter, c.noun()); ok {
		return id
	}
	return strconv.Itoa(n)
}

// put keeps a resource, and reports whether nobody else was faster. It tells once when
// others had to be forgotten.
func (c *call) put(book *resources.Book, r resources.Resource) bool {
	if errors.Is(book.Put(r), resources.ErrChanged) {
		return false
	}
	if c.d.state.Forgotten() > 0 {
		c.d.forgot.Do(func() {
			c.d.cfg.Logger.Warn("what was created first is forgotten: there is more than Config.StateBytes", "document", c.d.name, "bytes", c.d.cfg.StateBytes)
		})
	}
	return true
}

// A keptRow stands in a list for what the state has: it becomes a row once it is known
// that its page is asked for.
type keptRow struct {
	resources.Resource
	model any // a row of the list as the document makes it; nil: none
}

// withStored is a list with what was created, changed and deleted in it, as keptRows.
func (c *call) withStored(book *resources.Book, list string, v any) any {
	at, ok := rowsAt(v, c.noun())
	if !ok {
		return v
	}
	own := rowsOf(v, at)
	rows := make([]any, 0, len(own))
	known := make(map[string]bool, len(own))
	var model any
	for _, row := range own {
		if model == nil {
			model = row
		}
		object, _ := row.(map[string]any)
		id, _ := idOf(object, c.shape.parameter, c.noun())
		path := list + "/" + resources.Key(url.PathEscape(id))
		kept, changed := book.Get(path)
		switch {
		case !changed:
			rows = append(rows, row)
		case !kept.Deleted:
			rows = append(rows, keptRow{kept, row})
		}
		known[path] = true
	}
	for _, r := range book.List(list) {
		if !r.Deleted && !known[r.Path] {
			rows = append(rows, keptRow{r, model})
		}
	}
	return withRows(v, at, rows)
}

// settled are rows in which what is kept has the form of a row: merged over one that
// the schema allows.
func (d *Document) settled(rows []any, list any, at []string, s *schema.Schema) []any {
	for i, row := range rows {
		kept, ok := row.(keptRow)
		if !ok {
			continue
		}
		if kept.model == nil && s != nil { // the document's own list is empty
			v, _ := d.doc.Value(s, schema.Response, synth.Options{Seed: d.cfg.Seed, NoExamples: true, Items: 1})
			if made := rowsOf(v, at); len(made) > 0 {
				kept.model = made[0]
			}
		}
		if rows[i] = decoded(kept.Value); kept.model != nil {
			one := fit.Over(withRows(list, at, []any{kept.model}), withRows(list, at, []any{mergedRow(kept.model, decoded(kept.Value))}), s, schema.Response)
			rows[i] = rowsOf(one, at)[0]
		}
	}
	return rows
}

// mergedRow is a row with the properties that it has taken from what is kept.
func mergedRow(row, kept any) any {
	object, ok := row.(map[string]any)
	from, isObject := kept.(map[string]any)
	if !ok || !isObject {
		return kept
	}
	merged := make(map[string]any, len(object))
	for name, v := range object {
		merged[name] = v
		if own, has := from[name]; has {
			merged[name] = own
		}
	}
	for name, v := range from {
		merged[name] = v
	}
	return merged
}

// given is what a request's body says, as far as bodies of its kind are read.
func (c *call) given() (any, error) {
	if len(bytes.TrimSpace(c.body)) == 0 {
		return map[string]any{}, nil
	}
	kind := c.r.Header.Get("Content-Type")
	if kind == "" {
		kind = "application/json"
	}
	var s *schema.Schema
	if m := c.bodyType(kind); m != nil {
		s = m.Schema
	}
	if strings.HasPrefix(kind, "application/json-patch+json") {
		return map[string]any{}, nil // its operations are not carried out
	}
	v, err := media.Read(kind, c.body, s)
	if errors.Is(err, media.ErrUnread) {
		return map[string]any{}, nil
	}
	return v, err
}

// bodyType is what the document has for a body with a Content-Type, nil if nothing.
func (c *call) bodyType(kind string) *compiled.MediaType {
	b := c.Body()
	if b == nil {
		return nil
	}
	declared := make([]string, len(b.Content))
	for i, m := range b.Content {
		declared[i] = m.Type
	}
	if i := media.Matches(kind, declared); i >= 0 {
		return b.Content[i]
	}
	return nil
}

// outdated answers 412 if a request's If-Match is not the present version, and
// reports whether it does.
func (c *call) outdated(w http.ResponseWriter, now any) bool {
	given := c.r.Header.Get("If-Match")
	if given == "" || now == nil {
		return false
	}
	version := func(tag string) string {
		return strings.Trim(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`)
	}
	for one := range strings.SplitSeq(given, ",") {
		if v := version(one); v == "*" || v == version(tag(now)) {
			return false
		}
	}
	c.fail(w, http.StatusPreconditionFailed, "The resource was changed by someone else.")
	return true
}

// itemURL is the address of a thing in the list that the request is for.
func (c *call) itemURL(id string) string {
	values := append(slices.Clone(c.match.values), paths.Value{Text: id})
	path := c.template() + "/{}"
	if o := of(c.shape.item, http.MethodGet); o != nil {
		path = o.template() // it may be of another version
	} else if len(c.shape.item) > 0 {
		path = c.shape.item[0].template()
	}
	base := c.mock.Base
	own := filled(c.template(), c.match.values)
	if sent := strings.TrimRight(c.r.URL.EscapedPath(), "/"); !strings.HasSuffix(base+own, sent) {
		if before, ok := strings.CutSuffix(strings.ToLower(sent), strings.ToLower(own)); ok { // the base path of a server
			base = strings.TrimSuffix(base, "/") + sent[:len(before)]
		}
	}
	return base + filled(path, values)
}

// location is the address of what an answer has created, empty if it has no id.
func (c *call) location(v any) string {
	object, _ := v.(map[string]any)
	if !c.isList() || len(c.shape.item) == 0 {
		return ""
	}
	if id, ok := idOf(object, c.shape.parameter, c.noun()); ok {
		return c.itemURL(id)
	}
	return ""
}

func decoded(data []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}

func encoded(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		return []byte("null") // no value of a request is anything else than JSON
	}
	return data
}
