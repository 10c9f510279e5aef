package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/vismanet-go/background/internal/usercode"
	"github.com/vismanet-go/background/store"
)

// letter is a request as it waits in the outbox: what the record does not say.
// Credentials are never part of it.
type letter struct {
	Version int                 `json:"v"`
	Header  map[string][]string `json:"header,omitempty"`
	Pairs   []Pair              `json:"pairs,omitempty"`
	Body    []byte              `json:"body,omitempty"`
}

const letterVersion = 1

func (l letter) encode() []byte {
	l.Version = letterVersion
	data, err := json.Marshal(l)
	if err != nil {
		panic(err) // texts and bytes
	}
	return data
}

func decodeLetter(data []byte) (letter, error) {
	var l letter
	if err := json.Unmarshal(data, &l); err != nil {
		return l, fmt.Errorf("the stored body is damaged: %w", err)
	}
	if l.Version != letterVersion {
		return l, fmt.Errorf("the stored body is of version %d, want %d", l.Version, letterVersion)
	}
	return l, nil
}

// sealMark begins what [Config.Seal] has sealed.
var sealMark = []byte("\x00sealed\x01")

// aboutLetter is what a body belongs to: sealed text that is put into another record
// does not open.
func aboutLetter(tenant, ref, kind string) []byte {
	return []byte("body\x00" + tenant + "\x00" + ref + "\x00" + kind)
}

// aboutContent is the same of a kept answer.
func aboutContent(rec *store.Record) []byte {
	return []byte("content\x00" + rec.Tenant + "\x00" + rec.Ref + "\x00" + rec.Kind)
}

// sealOutcome seals what is kept of an answer. What cannot be sealed is not kept: the
// ERP has it for a day.
func (c *Client) sealOutcome(ctx context.Context, rec *store.Record, o *store.Outcome) {
	if c.cfg.Seal == nil || len(o.Content) == 0 {
		return
	}
	sealed, err := c.seal(ctx, aboutContent(rec), o.Content)
	if err == nil {
		o.Content = sealed
		return
	}
	if o.Foreground || o.Told != "" { // nobody else has it
		c.log.ErrorContext(ctx, "an answer is kept unsealed, because it cannot be sealed and nobody else has it", "ref", rec.Ref, "error", err)
		return
	}
	c.log.ErrorContext(ctx, "an answer is not kept, because it cannot be sealed", "ref", rec.Ref, "error", err)
	o.Kept, o.Content = false, nil
}

// openOutcome returns a record with its kept answer as it was. After an error the
// record is as if nothing were kept.
func (c *Client) openOutcome(rec store.Record) (store.Record, error) {
	if rec.Outcome == nil || !bytes.HasPrefix(rec.Outcome.Content, sealMark) {
		return rec, nil
	}
	o := *rec.Outcome
	var err error
	if o.Content, err = c.unseal(c.life, aboutContent(&rec), o.Content); err != nil {
		err = fmt.Errorf("content of %s: %w", nameOf(rec.ID, rec.Ref), err)
		o.Kept = false
	}
	rec.Outcome = &o
	return rec, err
}

// maxUnopened bounds the operations that are remembered of which something cannot be
// opened.
const maxUnopened = 1024

// cannotOpen tells of what waits because something that is kept cannot be opened: a
// person once per operation, and the log each time.
func (c *Client) cannotOpen(ctx context.Context, rec store.Record, what string, err error) {
	c.mu.Lock()
	first := !c.unopened[rec.Ref]
	if len(c.unopened) >= maxUnopened {
		clear(c.unopened)
	}
	c.unopened[rec.Ref] = true
	c.mu.Unlock()
	about := append([]any{"ref", rec.Ref, "id", rec.ID, "kind", rec.Kind}, usercode.Logged(err)...)
	if !first {
		c.log.WarnContext(ctx, what, about...)
		return
	}
	c.log.ErrorContext(ctx, what, about...)
	c.attend(ctx, rec, NeedsBody)
}

// seal returns data as it is stored.
func (c *Client) seal(ctx context.Context, about, data []byte) ([]byte, error) {
	if c.cfg.Seal == nil {
		return data, nil
	}
	var sealed []byte
	err := usercode.Call("Config.Seal", func() (err error) {
		sealed, err = c.cfg.Seal(ctx, about, data)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("seal it: %w", err)
	}
	return append(bytes.Clone(sealMark), sealed...), nil
}

// unseal returns what was stored as it was.
func (c *Client) unseal(ctx context.Context, about, data []byte) ([]byte, error) {
	sealed, ok := bytes.CutPrefix(data, sealMark)
	if !ok {
		return data, nil
	}
	if c.cfg.Open == nil {
		return nil, errors.New("it is sealed, and Config.Open is not set")
	}
	var plain []byte
	err := usercode.Call("Config.Open", func() (err error) {
		plain, err = c.cfg.Open(ctx, about, sealed)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open what was sealed: %w", err)
	}
	return plain, nil
}
