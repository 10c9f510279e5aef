package client

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/internal/lease"
	"github.com/vismanet-go/background/store"
)

// token is what [Operation.Token] holds: names, and nothing that opens a door.
type token struct {
	Version  int       `json:"v"`
	Tenant   string    `json:"t"`
	Origin   string    `json:"o"`
	Ref      string    `json:"r"`
	ID       string    `json:"i"`
	Method   string    `json:"m"`
	Path     string    `json:"p"` // without the query
	Accepted time.Time `json:"a"`
}

const (
	tokenVersion = 1
	maxToken     = 4096
)

// Token returns a text with which [Client.Resume] finds the operation again
// in another process, even one with an empty store. It holds the tenant, the
// origin, the ids, and method and path: no credentials, no query and no data.
// It fails for an operation whose id is not known (with [*UncertainError] if
// it is uncertain): only its own store can find that one.
func (o *Operation) Token(ctx context.Context) (string, error) {
	rec, err := o.record(ctx)
	if err != nil {
		return "", fmt.Errorf("token of %s: %w", o, err)
	}
	if rec.ID == "" && rec.Phase == store.Uncertain {
		return "", uncertainError(rec, nil)
	}
	if rec.ID == "" {
		return "", fmt.Errorf("token of %s: it is %s and has no id", o, rec.Phase)
	}
	data, err := json.Marshal(token{
		Version: tokenVersion, Tenant: rec.Tenant, Origin: rec.Origin, Ref: rec.Ref, ID: rec.ID,
		Method: rec.Method, Path: erp.PathOf(rec.Path), Accepted: rec.AcceptedAt,
	})
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(data), nil
}

// record reads the operation's record, with the id that only the handle may
// know.
func (o *Operation) record(ctx context.Context) (store.Record, error) {
	rec, err := o.c.store.Get(ctx, o.c.cfg.Tenant, o.ref)
	if err != nil {
		return rec, storeError(err)
	}
	return o.c.learn(ctx, rec, o.id), nil
}

// Resume returns the operation of a token that another client, perhaps in
// another process, has given. Where the store does not know it, a record is
// made. The token must be of the same tenant and of BaseURL or one of
// [Config.FormerOrigins]; else the error matches [ErrForeignToken].
func (c *Client) Resume(ctx context.Context, text string) (*Operation, error) {
	t, err := c.parseToken(text)
	if err != nil {
		return nil, fmt.Errorf("resume: %w", err)
	}
	rec, err := c.store.Get(ctx, c.cfg.Tenant, t.Ref)
	switch {
	case err == nil && rec.ID == t.ID:
		return c.operation(rec), nil
	case err == nil && rec.ID != "":
		return nil, fmt.Errorf("resume: operation %s is recorded with another id, %s", t.Ref, rec.ID)
	case err == nil: // the record was written before the 202, the token after it
		rec, err = c.store.Report(ctx, rec.Tenant, rec.Ref, store.AcceptedFact{ID: t.ID, Source: store.FromUser, At: t.Accepted})
	case errors.Is(err, store.ErrNotFound):
		rec, err = c.adopt(ctx, t)
	}
	if err != nil {
		return nil, fmt.Errorf("resume: %w", storeError(err))
	}
	return c.operation(rec), nil
}

func (c *Client) parseToken(text string) (token, error) {
	var t token
	if len(text) > maxToken {
		return t, fmt.Errorf("token: %w: want at most %d bytes", ErrForeignToken, maxToken)
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err == nil {
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.DisallowUnknownFields()
		err = dec.Decode(&t)
	}
	switch {
	case err != nil:
		return t, fmt.Errorf("token: %w: it is not one of this package", ErrForeignToken)
	case t.Version != tokenVersion:
		return t, fmt.Errorf("token: %w: its version is %d, want %d", ErrForeignToken, t.Version, tokenVersion)
	case t.Tenant != c.cfg.Tenant:
		return t, fmt.Errorf("token: %w: it is of tenant %q, this client is of %q", ErrForeignToken, t.Tenant, c.cfg.Tenant)
	case !c.trusts(t.Origin):
		return t, fmt.Errorf("token: %w: it is of %s, which is neither BaseURL nor one of FormerOrigins", ErrForeignToken, t.Origin)
	case !erp.ValidID(t.ID) || !hook.ValidRef(t.Ref) || !hook.IsToken(t.Method) || t.Path == "" || t.Path[0] != '/':
		return t, fmt.Errorf("token: %w: it is damaged", ErrForeignToken)
	}
	return t, nil
}

// Operation returns the operation with an id of the ERP: one that this store
// knows, or one that was submitted elsewhere with the same credentials, for
// which a record is made. Of the latter neither method nor path are known. It
// makes no call to the ERP: an id that does not exist shows when it is waited
// for.
func (c *Client) Operation(ctx context.Context, id string) (*Operation, error) {
	given := id
	if id = erp.CanonicalID(id); id == "" {
		return nil, fmt.Errorf("operation id %q: want letters, digits, - and _", cut(given, 64))
	}
	rec, err := c.store.GetByID(ctx, c.cfg.Tenant, id)
	if errors.Is(err, store.ErrNotFound) || (err == nil && rec.Phase == store.Unmatched) {
		rec, err = c.adopt(ctx, token{Ref: hook.NewRef(), ID: id, Method: unknownMethod, Path: "/", Origin: c.origin.String()})
	}
	if err != nil {
		return nil, fmt.Errorf("operation %s: %w", id, storeError(err))
	}
	return c.operation(rec), nil
}

// OperationByKey returns the operation that holds the key given to Submit, as
// a status page needs it that knows the work by its own name. It makes no call
// to the ERP. The error matches [store.ErrNotFound] where none holds the key:
// it was never used, its operation was refused, or the record is purged.
func (c *Client) OperationByKey(ctx context.Context, key string) (*Operation, error) {
	rec, err := c.store.GetByKey(ctx, c.cfg.Tenant, key)
	if err != nil {
		return nil, fmt.Errorf("operation with key %q: %w", cut(key, 64), storeError(err))
	}
	return c.operation(rec), nil
}

// OperationByRef returns the operation with a ref, which is the client's own name
// for it: see [Operation.Ref]. It makes no call to the ERP. The error matches
// [store.ErrNotFound] where the store of this tenant has no such operation.
func (c *Client) OperationByRef(ctx context.Context, ref string) (*Operation, error) {
	rec, err := c.store.Get(ctx, c.cfg.Tenant, ref)
	if err != nil {
		return nil, fmt.Errorf("operation with ref %q: %w", cut(ref, 64), storeError(err))
	}
	return c.operation(rec), nil
}

// unknownMethod stands for the method of an operation that is known by its id
// only.
const unknownMethod = "UNKNOWN"

// adopt makes a record for an operation that was accepted elsewhere.
func (c *Client) adopt(ctx context.Context, t token) (store.Record, error) {
	rec, err := c.store.Create(ctx, store.Record{
		Tenant: c.cfg.Tenant, Ref: t.Ref, Phase: store.Sending, Method: t.Method, Path: t.Path, Origin: t.Origin, Notify: modeNone,
	}, c.owner, lease.TTL)
	if err != nil && !errors.Is(err, store.ErrExists) {
		return rec, err
	}
	rec, err = c.store.Report(ctx, c.cfg.Tenant, t.Ref, store.AcceptedFact{ID: t.ID, Source: store.FromUser, At: t.Accepted})
	if _, taken := errors.AsType[*store.ConflictError](err); taken {
		// Somebody adopted the id at the same time: theirs is as good.
		return c.store.GetByID(ctx, c.cfg.Tenant, t.ID)
	}
	return rec, err
}

// trusts reports whether work that was sent to an origin may be polled at
// the present one.
func (c *Client) trusts(origin string) bool {
	return origin == "" || origin == c.origin.String() || slices.Contains(c.cfg.FormerOrigins, origin)
}
