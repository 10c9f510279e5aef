package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/vismanet-go/background/client/internal/budget"
	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/internal/wire"
	"github.com/vismanet-go/background/store"
)

const (
	// contentGrace is how long after its end was seen an operation is waited
	// for of which the status code or the content cannot be had.
	contentGrace = 10 * time.Minute
	// noneAfter is how long after its end an operation that names an address of
	// content, but does not say that there is any, is asked for it.
	noneAfter = 2 * time.Minute
)

// endedFor reports whether the end of an operation was seen longer than d ago.
func endedFor(rec *store.Record, d time.Duration) bool {
	return !rec.Progress.EndSeen.IsZero() && time.Since(rec.Progress.EndSeen) > d
}

// giveUpContent reports whether an outcome is recorded without its content: at
// once if the ERP says that it is gone, else when it has failed for a while.
// Nothing is lost by that, because [Result.Open] asks again; waiting longer
// could lose the outcome itself.
func giveUpContent(err error, overdue bool) bool {
	refused, ok := errors.AsType[*ResponseError](err)
	return overdue || ok && refused.StatusCode == http.StatusGone
}

// takeContent reads the stored answer into the outcome, as far as it is kept, and
// decides by it what became of the work. Its error says that the outcome is not
// to be recorded yet.
func (c *Client) takeContent(ctx context.Context, rec *store.Record, doc erp.Document, o *store.Outcome) error {
	var head []byte
	var whole, read bool
	if o.HasContent {
		var err error
		head, whole, err = c.keepContent(ctx, rec, doc, o)
		if err != nil && !giveUpContent(err, endedFor(rec, contentGrace)) {
			if missing(err) { // the content is not readable yet; the operation is not missing
				err = fmt.Errorf("content of %s is not there yet", rec.ID)
			}
			return err
		}
		read = err == nil
	}
	erp.JudgeAction(rec.Method, rec.Path, o, head, whole, read)
	return nil
}

// keepContent reads the stored answer into the outcome if it is small enough,
// and returns the beginning of it. Where it is not certain that there is one, it
// finds that out: one answer that there is none does not tell, for it may be late.
func (c *Client) keepContent(ctx context.Context, rec *store.Record, doc erp.Document, o *store.Outcome) (head []byte, whole bool, err error) {
	body, h, err := c.content(ctx, time.Now().Add(c.cfg.CallTimeout), rec.ID, o.StatusCode, http.Header(o.Header), o.ContentType)
	if refused, ok := errors.AsType[*ResponseError](err); ok {
		none := refused.StatusCode == http.StatusNoContent || refused.StatusCode == http.StatusResetContent
		if none || !doc.ContentTold && missing(err) && endedFor(rec, noneAfter) {
			o.HasContent = false // there is none after all
			return nil, true, nil
		}
	}
	if page, ok := errors.AsType[*pageError](err); ok {
		o.ContentType = page.kind // counts if nothing else comes
	}
	if err != nil {
		return nil, false, err
	}
	defer body.Close()
	limit := int64(erp.MaxHead)
	if body.Length <= c.cfg.KeepContent {
		limit = max(limit, c.cfg.KeepContent)
	}
	data, err := wire.ReadAll(body, body.Length, limit)
	if err != nil {
		return nil, false, fmt.Errorf("content of %s: %w", rec.ID, err)
	}
	whole = int64(len(data)) <= limit
	if whole && !erp.IsAttachment(h) && wire.SaysJSON(data, false, body.ContentType) && wire.CutOff(data) {
		return nil, false, fmt.Errorf("content of %s: it is JSON that ends in the middle", rec.ID)
	}
	o.ContentType = body.ContentType
	// Of two types the one counts that the bytes do not contradict.
	if stated := http.Header(o.Header).Get("Content-Type"); stated != "" && wire.IsJSON(stated) == wire.StartsJSON(data) && !wire.IsJSON(o.ContentType) ||
		stated != "" && !wire.IsJSON(stated) && wire.IsJSON(o.ContentType) && !wire.StartsJSON(data) {
		o.ContentType = stated
	}
	if len(data) == 0 {
		o.HasContent = false
	}
	mergeHeader(o, h)
	if whole && int64(len(data)) <= c.cfg.KeepContent {
		o.Kept, o.Content = true, data
	}
	return data[:min(len(data), erp.MaxHead)], whole && len(data) <= erp.MaxHead, nil
}

// content asks for the stored answer of an operation that ended with status and
// header; kind is the type that is known of it otherwise. The call ends at a time,
// unless that is zero.
func (c *Client) content(ctx context.Context, end time.Time, id string, status int, header http.Header, kind string) (*wire.Body, http.Header, error) {
	resp, err := c.get(ctx, end, &turn{class: budget.Content}, "content", erp.ContentPath(id))
	if err != nil {
		return nil, nil, err
	}
	if resp.StatusCode == http.StatusAccepted && status != http.StatusAccepted {
		resp.Body.Close()
		return nil, nil, fmt.Errorf("content of %s is not there yet", id)
	}
	stated := header.Get("Content-Type")
	if stated == "" {
		stated = kind
	}
	told := resp.Header.Get("Content-Type") // it speaks of these bytes
	if told == "" {
		told = stated
	}
	body := wire.Open(resp.Body, resp.ContentLength, told, erp.IsAttachment(resp.Header) || erp.IsAttachment(header))
	if body.HTML && !wire.IsHTML(stated) && status < 400 {
		body.Close()
		return nil, nil, &pageError{id: id, kind: resp.Header.Get("Content-Type")}
	}
	return body, resp.Header, nil
}

// pageError says that a page of HTML came where the stored answer was asked for.
type pageError struct {
	id   string
	kind string
}

func (e *pageError) Error() string {
	return fmt.Sprintf("content of %s: a page of HTML came, which the operation did not announce: a proxy may have spoken", e.id)
}

// mergeHeader takes over what a user needs of the header that came with the
// stored answer. What the operation said itself is kept.
func mergeHeader(o *store.Outcome, h http.Header) {
	for _, name := range []string{"Content-Disposition", "Content-Language"} {
		if values := h.Values(name); len(values) > 0 && http.Header(o.Header).Get(name) == "" {
			erp.SetHeader(o, name, values)
		}
	}
	erp.TellType(o)
}
