package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/internal/wire"
	"github.com/vismanet-go/background/store"
)

// Result is the real answer of an operation. It is safe for concurrent use. A test
// of a handler makes one with [Answer.Result].
type Result struct {
	ID         string
	Ref        string
	Status     string // the ERP's word: "Finished" or "Failed"
	StatusCode int    // of the answer; 0 if there is none
	// Header is what the ERP tells of the answer's header: Location and ETag at
	// least, if the operation has them.
	Header http.Header
	// Foreground is true if the ERP ran the request at once.
	Foreground bool
	// Told is why a person, or a [Resolver], says that the request ended like this:
	// see [EndedWith]. It is empty if the ERP said so itself.
	Told     string
	Received time.Time // zero if not known, as the two below
	Started  time.Time
	Finished time.Time

	unconfirmed bool
	failure     bool // the body says that it failed

	c   *Client
	has bool // there is content
	// content is all of it if kept is true; shared, never written to
	kept    bool
	content []byte
	kind    string // content type
	sealed  error  // why what is kept cannot be opened
	message string // of a failure

	accepted  time.Time
	verifier  string // that was named
	confirmed bool   // by it
}

// result makes the result of an ended record, with the error that [Operation.Wait]
// promises.
func (c *Client) result(rec store.Record) (*Result, error) {
	name := nameOf(rec.ID, rec.Ref)
	rec, sealed := c.openOutcome(rec)
	o := rec.Outcome
	switch {
	case rec.Unlearnt(): // also once its handler was told
		return nil, expired(rec)
	case rec.Phase == store.Rejected:
		return nil, &OperationError{ID: name, Method: rec.Method, Path: erp.PathOf(rec.Path), Status: "Rejected", Message: rec.Reason}
	case o == nil:
		return nil, fmt.Errorf("operation %s is %s and has no outcome", name, rec.Phase)
	}
	r := &Result{
		ID: rec.ID, Ref: rec.Ref, Status: o.Status, StatusCode: o.StatusCode, Header: http.Header(o.Header).Clone(),
		Foreground: o.Foreground, Told: o.Told, Received: o.ReceivedAt, Started: o.StartedAt, Finished: o.FinishedAt,
		unconfirmed: o.Unconfirmed || unjudged(rec), failure: o.Failure != "", c: c, has: o.HasContent, kept: o.Kept, content: o.Content, kind: o.ContentType, message: o.ErrorMessage, accepted: rec.AcceptedAt, verifier: rec.Verifier, confirmed: o.Confirmed, sealed: sealed,
	}
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if r.Header.Get("Content-Type") == "" && r.kind != "" {
		r.Header.Set("Content-Type", r.kind)
	}
	if rec.Phase == store.Unclear {
		return r, &UnclearError{Ref: rec.Ref, ID: rec.ID, Status: o.Status, StatusCode: o.StatusCode, Header: r.Header.Clone()}
	}
	if o.Succeeded() {
		return r, nil
	}
	e := &OperationError{
		ID: name, Method: rec.Method, Path: erp.PathOf(rec.Path), Status: o.Status, StatusCode: o.StatusCode, Header: r.Header.Clone(), Body: bytes.Clone(o.Content), Message: o.ErrorMessage,
	}
	if o.Failure != "" {
		e.Message = o.Failure
	}
	if o.Refuted != "" {
		e.Message, e.Refuted = o.Refuted, true
	}
	if m, fault := messageIn(o.Content, o.ContentType); e.Message == "" {
		e.Message, e.FaultCode = m, fault
	}
	return r, e
}

// HasContent reports whether the answer has a body.
func (r *Result) HasContent() bool { return r.has }

// Partial reports whether the ERP answered 207: it did some of what was asked
// for, and its body says what. Such a result comes without an error.
func (r *Result) Partial() bool { return r.StatusCode == http.StatusMultiStatus }

// CreatedID returns the number of the document that the answer's Location names:
// the last segment of its path, decoded where it is escaped. Some servers write
// an address that is no URL, with blanks or other raw text in it; that is read as
// well. It is empty where the answer has no Location.
func (r *Result) CreatedID() string {
	path, _, _ := strings.Cut(strings.TrimSpace(r.Header.Get("Location")), "?")
	path, _, _ = strings.Cut(path, "#")
	if _, rest, absolute := strings.Cut(path, "://"); absolute {
		_, path, _ = strings.Cut(rest, "/")
	}
	path = strings.TrimRight(path, "/")
	last := path[strings.LastIndexByte(path, '/')+1:]
	if decoded, err := url.PathUnescape(last); err == nil && utf8.ValidString(decoded) {
		return decoded
	}
	return last
}

// Open returns the body of the answer. JSON comes as UTF-8 without a byte order
// mark, whatever it was sent as; everything else comes byte for byte. What was
// kept comes from memory; a larger one is read from the ERP, which holds it for
// 24 hours: afterwards the error matches [ErrContentExpired], before that it is
// a *[ResponseError]. The body of an answer without one is empty. The caller
// closes the reader; ctx bounds the reading as well.
func (r *Result) Open(ctx context.Context) (io.ReadCloser, error) {
	if r.sealed != nil {
		return nil, r.sealed
	}
	if r.kept || !r.has {
		return io.NopCloser(bytes.NewReader(r.content)), nil
	}
	body, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	return body, nil
}

// open asks the ERP for the stored answer.
func (r *Result) open(ctx context.Context) (*wire.Body, error) {
	if r.Foreground {
		return nil, fmt.Errorf("content of %s: %w: it came in the foreground, and was over %d bytes, or acknowledged", r.Ref, ErrContentExpired, int64(erp.MaxForeground))
	}
	body, _, err := r.c.content(ctx, time.Time{}, r.ID, r.StatusCode, r.Header, r.kind)
	if refused, ok := errors.AsType[*ResponseError](err); ok && (refused.StatusCode == http.StatusGone ||
		refused.StatusCode == http.StatusNotFound && time.Since(r.accepted) >= retention) {
		return nil, fmt.Errorf("content of %s: %w", r.ID, ErrContentExpired)
	}
	if err != nil {
		return nil, fmt.Errorf("content of %s: %w", r.ID, err)
	}
	return body, nil
}

// Bytes returns the whole body of the answer, up to [Config.MaxContent]; a
// larger one is an error that matches [ErrTooLarge]. Its other errors are
// those of [Result.Open].
func (r *Result) Bytes(ctx context.Context) ([]byte, error) {
	data, err := r.all(ctx)
	if r.kept || !r.has {
		data = bytes.Clone(data)
	}
	return data, err
}

// all is Bytes for those who do not write to what it returns.
func (r *Result) all(ctx context.Context) ([]byte, error) {
	if r.sealed != nil {
		return nil, r.sealed
	}
	if r.kept || !r.has {
		return r.content, nil
	}
	body, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	data, err := wire.ReadAll(body, body.Length, r.c.cfg.MaxContent)
	switch {
	case err != nil:
		return nil, fmt.Errorf("content of %s: %w", r.ID, err)
	case int64(len(data)) > r.c.cfg.MaxContent:
		return nil, fmt.Errorf("content of %s: %w (MaxContent is %d bytes)", r.ID, ErrTooLarge, r.c.cfg.MaxContent)
	}
	return data, nil
}

// Response returns the answer as net/http would have returned it had the
// request run in the foreground. The body of an operation that the ERP could
// not run holds the ERP's message in the shape of its errors. Its errors are
// those of [Result.Open].
func (r *Result) Response(ctx context.Context) (*http.Response, error) {
	if r.StatusCode == 0 {
		return nil, fmt.Errorf("operation %s has no status code", nameOf(r.ID, r.Ref))
	}
	resp := &http.Response{
		Status:     strconv.Itoa(r.StatusCode) + " " + http.StatusText(r.StatusCode),
		StatusCode: r.StatusCode, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: r.Header.Clone(), ContentLength: -1,
	}
	switch {
	case !r.has && r.message != "":
		text, err := json.Marshal(map[string]string{"message": r.message})
		if err != nil {
			return nil, err
		}
		resp.Header.Set("Content-Type", "application/json")
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	case r.kept || !r.has:
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(r.content)), int64(len(r.content))
	default:
		body, err := r.open(ctx)
		if err != nil {
			return nil, err
		}
		resp.Body = body
		if body.Empty {
			resp.ContentLength = 0
		} else if body.ContentType != "" {
			resp.Header.Set("Content-Type", body.ContentType)
		}
	}
	if resp.ContentLength == 0 { // there is nothing that could be of a type, and generated clients would decode it
		resp.Header.Del("Content-Type")
	}
	if resp.ContentLength > 0 && resp.Header.Get("Content-Type") == "" {
		resp.Header.Set("Content-Type", http.DetectContentType(r.content))
	}
	return resp, nil
}

// Decode reads the JSON body of a result into a T. It does so for any status
// code; an answer without a body is an error. Its other errors are those of
// [Result.Bytes] and of encoding/json.
func Decode[T any](ctx context.Context, r *Result) (T, error) {
	var v T
	if r == nil {
		return v, errors.New("decode: no result")
	}
	data, err := r.all(ctx)
	if err != nil {
		return v, err
	}
	if len(data) == 0 {
		return v, fmt.Errorf("decode the answer of %s: it has no content (status %d)", nameOf(r.ID, r.Ref), r.StatusCode)
	}
	if err := json.Unmarshal(wire.Document(data, r.kind), &v); err != nil {
		return v, fmt.Errorf("decode the answer of %s: %w", nameOf(r.ID, r.Ref), err)
	}
	return v, nil
}

// unjudged reports whether the kept answer of an action does not say that it was
// done, and the outcome was recorded by a version that did not judge it.
func unjudged(rec store.Record) bool {
	o := *rec.Outcome
	if !o.Kept || len(o.Content) == 0 || o.Failure != "" || o.Unconfirmed || !erp.IsAction(rec.Path) {
		return false
	}
	head := o.Content[:min(len(o.Content), erp.MaxHead)]
	erp.JudgeAction(rec.Method, rec.Path, &o, head, len(head) == len(o.Content), true)
	return o.Unconfirmed || o.Failure != ""
}
