package client_test

import (
	"context"
	"errors"
	"iter"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/memhttp"
	"github.com/vismanet-go/background/store"
)

// ways are all the ways to submit a request with options that a context or an
// argument carries.
func ways(c *client.Client) map[string]func(context.Context, *http.Request, client.SubmitOptions) error {
	done := func(resp *http.Response, err error) error {
		if err == nil {
			err = resp.Body.Close()
		}
		return err
	}
	first := func(seq iter.Seq2[client.SubmittedItem, error]) (err error) {
		for _, e := range seq {
			err = e
		}
		return err
	}
	in := client.InBackground
	return map[string]func(context.Context, *http.Request, client.SubmitOptions) error{
		"Submit": func(ctx context.Context, r *http.Request, o client.SubmitOptions) error {
			_, err := c.Submit(ctx, r, o)
			return err
		},
		"Submit, by its context": func(ctx context.Context, r *http.Request, o client.SubmitOptions) error {
			_, err := c.Submit(in(ctx, o), r, client.SubmitOptions{})
			return err
		},
		"Submit, by its request": func(ctx context.Context, r *http.Request, o client.SubmitOptions) error {
			_, err := c.Submit(ctx, r.WithContext(in(ctx, o)), client.SubmitOptions{})
			return err
		},
		"Do": func(ctx context.Context, r *http.Request, o client.SubmitOptions) error {
			return done(c.Do(r.WithContext(in(ctx, o))))
		},
		"Transport": func(ctx context.Context, r *http.Request, o client.SubmitOptions) error {
			return done((&http.Client{Transport: c.Transport()}).Do(r.WithContext(in(ctx, o))))
		},
		"SubmitAll, by the item": func(ctx context.Context, r *http.Request, o client.SubmitOptions) error {
			return first(c.SubmitAll(ctx, slices.Values([]client.Item{{Request: r, Options: o}}), 1))
		},
		"SubmitAll, by the item's request": func(ctx context.Context, r *http.Request, o client.SubmitOptions) error {
			return first(c.SubmitAll(ctx, slices.Values([]client.Item{{Request: r.WithContext(in(ctx, o))}}), 1))
		},
	}
}

// optionsServer accepts everything, and tells that it succeeded. It keeps the
// background header of what it accepted.
func optionsServer(header *string) *http.Client {
	return &http.Client{Transport: &memhttp.Transport{Default: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch v := r.Header.Get("Erp-Api-Background"); {
		case v != "":
			*header = v
			write(202, `{"id":"`+id1+`"}`)(w, r)
		case strings.Contains(r.URL.Path, "/background/"):
			write(200, ended("200"))(w, r)
		default:
			write(200, `{}`)(w, r)
		}
	})}}
}

// TestNoOptionIsDropped sends every option in every way that carries options.
func TestNoOptionIsDropped(t *testing.T) {
	const failed = "the-failed-one"
	opts := client.SubmitOptions{
		Key: "order-1", Supersede: failed, Verify: "v", Kind: "k", Metadata: map[string]string{"a": "b"},
		Notify: client.Subscription(), Pairs: []client.Pair{{Name: "order", Value: "17"}},
	}
	for i := range reflect.TypeFor[client.SubmitOptions]().NumField() {
		name := reflect.TypeFor[client.SubmitOptions]().Field(i).Name
		if reflect.ValueOf(opts).Field(i).IsZero() && name != "Sequence" && name != "Within" { // for Enqueue only
			t.Fatalf("this test sets no %s", name)
		}
	}
	for name := range ways(nil) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := store.NewMemory(store.MemoryConfig{})
				defer st.Close()
				settleRecord(t, st, failed, "order-1", id2, 422)
				var header string
				c, err := client.New(client.Config{
					BaseURL: base, Store: st, HTTPClient: optionsServer(&header),
					Verifiers: map[string]client.Verifier{"v": {
						Path:  func(client.Verification) (string, error) { return "/v1/x", nil },
						Check: func(client.Verification, *http.Response) error { return nil },
					}},
				})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if err := ways(c)[name](t.Context(), request("POST", base+"/v1/release", `{}`), opts); err != nil {
					t.Fatal(err)
				}
				rec, err := st.GetByKey(t.Context(), "default", "order-1")
				if err != nil {
					t.Fatal(err)
				}
				if rec.Supersedes != failed || rec.Verifier != "v" || rec.Kind != "k" || !maps.Equal(rec.Metadata, opts.Metadata) ||
					rec.Notify != "subscription" || !strings.Contains(header, "order=17") {
					t.Errorf("got %+v and the header %q, want %+v", rec, header, opts)
				}
			})
		})
	}
}

// settleRecord keeps an operation that ended with a status code.
func settleRecord(t *testing.T, st store.Store, ref, key, id string, code int) {
	t.Helper()
	_, err := st.Create(t.Context(), store.Record{
		Tenant: "default", Ref: ref, Phase: store.Sending, Method: "POST", Path: "/v1/release", Key: key, Fingerprint: "f", Notify: "none", Origin: base,
	}, "gone", 30e9)
	if err == nil {
		_, err = st.Report(t.Context(), "default", ref, store.AcceptedFact{ID: id, Source: store.FromAnswer})
	}
	if err == nil {
		_, err = st.Report(t.Context(), "default", ref, store.SettledFact{ID: id, Outcome: store.Outcome{Status: "Finished", StatusCode: code}})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestAKeyInAContextMakesTheWorkOnce submits the same twice, in every way.
func TestAKeyInAContextMakesTheWorkOnce(t *testing.T) {
	for name := range ways(nil) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, n := serving(t, client.Config{}, func(w http.ResponseWriter, r *http.Request) {
					if r.Method == http.MethodPost {
						write(202, `{"id":"`+id1+`"}`)(w, r)
						return
					}
					write(200, ended("200"))(w, r)
				})
				defer c.Close()
				for range 2 {
					if err := ways(c)[name](t.Context(), request("POST", base+"/v1/x", `{}`), client.SubmitOptions{Key: "order-1"}); err != nil {
						t.Fatal(err)
					}
				}
				if got := n.of("POST"); got != 1 {
					t.Errorf("two calls under one key: %d requests went out, want 1", got)
				}
			})
		})
	}
}

func TestOptionsThatContradictAreRefusedByName(t *testing.T) {
	one := client.SubmitOptions{
		Key: "a", Supersede: "a", Verify: "a", Kind: "a", Sequence: "a", Metadata: map[string]string{"a": "a"},
		Notify: client.NoNotification(), Pairs: []client.Pair{{Name: "a", Value: "a"}}, Within: store.NewMemory(store.MemoryConfig{}),
	}
	two := client.SubmitOptions{
		Key: "b", Supersede: "b", Verify: "b", Kind: "b", Sequence: "b", Metadata: map[string]string{"a": "b"},
		Notify: client.Subscription(), Pairs: []client.Pair{{Name: "a", Value: "b"}}, Within: store.NewMemory(store.MemoryConfig{}),
	}
	c, n := serving(t, client.Config{}, write(500, ""))
	defer c.Close()
	for i := range reflect.TypeFor[client.SubmitOptions]().NumField() {
		field := reflect.TypeFor[client.SubmitOptions]().Field(i).Name
		var a, b client.SubmitOptions
		reflect.ValueOf(&a).Elem().Field(i).Set(reflect.ValueOf(one).Field(i))
		reflect.ValueOf(&b).Elem().Field(i).Set(reflect.ValueOf(two).Field(i))
		_, err := c.Submit(client.InBackground(t.Context(), a), request("POST", "/v1/x", `{}`), b)
		if err == nil || !strings.Contains(err.Error(), field+":") {
			t.Errorf("%s: got %v, want an error that names the field", field, err)
		}
		_, err = c.Submit(client.InBackground(t.Context(), a), request("POST", "/v1/x", `{}`).WithContext(client.InBackground(t.Context(), b)), client.SubmitOptions{})
		if err == nil || !strings.Contains(err.Error(), field+":") {
			t.Errorf("%s in two contexts: got %v, want an error that names the field", field, err)
		}
	}
	if n.of("POST") != 0 {
		t.Errorf("%d requests went out, want none", n.of("POST"))
	}
}

// TestWhatIsForTheOutboxOnly has every way to submit refuse it by its name.
func TestWhatIsForTheOutboxOnly(t *testing.T) {
	c, n := serving(t, client.Config{}, write(202, `{"id":"`+id1+`"}`))
	defer c.Close()
	for field, opts := range map[string]client.SubmitOptions{
		"Sequence:": {Sequence: "s"}, "Within:": {Within: store.NewMemory(store.MemoryConfig{})},
	} {
		for name, submit := range ways(c) {
			if err := submit(t.Context(), request("POST", base+"/v1/x", `{}`), opts); err == nil || !strings.Contains(err.Error(), field) {
				t.Errorf("%s: got %v, want an error that names %s", name, err, field)
			}
		}
	}
	if n.of("POST") != 0 {
		t.Errorf("%d requests went out, want none", n.of("POST"))
	}
}

// TestInForegroundIsObeyedOrRefused covers every way to submit.
func TestInForegroundIsObeyedOrRefused(t *testing.T) {
	background := 0
	c, n := serving(t, client.Config{Header: http.Header{"X-Own": {"1"}}}, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Erp-Api-Background") != "" {
			background++
		}
		if r.URL.Path != "/v1/x" || r.URL.RawQuery != "a=b" || r.Header.Get("X-Own") != "1" {
			t.Errorf("got %s with %v, want /v1/x?a=b and the configured header", r.URL, r.Header)
		}
		write(201, `{"made":1}`)(w, r)
	})
	defer c.Close()
	ctx := client.InForeground(t.Context())
	for _, address := range []string{base + "/v1/x?a=b", "/v1/x?a=b"} {
		resp, err := c.Do(request("POST", address, `{}`).WithContext(ctx))
		if err != nil || resp.StatusCode != 201 {
			t.Errorf("Do %s: got %v, %v, want the 201", address, resp, err)
			continue
		}
		resp.Body.Close()
	}
	if _, err := c.Do(request("POST", "https://elsewhere.example/v1/x", `{}`).WithContext(ctx)); !errors.Is(err, client.ErrUntrustedURL) {
		t.Errorf("Do elsewhere: got %v, want ErrUntrustedURL", err)
	}
	req := request("POST", "/v1/x?a=b", `{}`)
	refused := map[string]error{}
	_, refused["Submit, by its context"] = c.Submit(ctx, req, client.SubmitOptions{})
	_, refused["Submit, by its request"] = c.Submit(t.Context(), req.WithContext(ctx), client.SubmitOptions{})
	for _, err := range c.SubmitAll(ctx, slices.Values([]client.Item{{Request: req}}), 1) {
		refused["SubmitAll, by its context"] = err
	}
	for _, err := range c.SubmitAll(t.Context(), slices.Values([]client.Item{{Request: req.WithContext(ctx)}}), 1) {
		refused["SubmitAll, by the item's request"] = err
	}
	for name, err := range refused {
		if err == nil || !strings.Contains(err.Error(), "InForeground") {
			t.Errorf("%s: got %v, want an error about InForeground", name, err)
		}
	}
	if n.of("POST") != 2 || background != 0 {
		t.Errorf("%d requests went out, %d of them in the background, want 2 and 0", n.of("POST"), background)
	}
}

func TestSubmitAllNamesTheItem(t *testing.T) {
	c, _ := serving(t, client.Config{}, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "bad") {
			write(400, `{"message":"no"}`)(w, r)
			return
		}
		write(202, `{"id":"`+id1+`"}`)(w, r)
	})
	defer c.Close()
	items := []client.Item{
		{Request: request("POST", "/v1/good", ``)},
		{Request: request("POST", "/v1/bad", ``), Options: client.SubmitOptions{Key: "order-17"}},
	}
	n := 0
	for submitted, err := range c.SubmitAll(t.Context(), slices.Values(items), 2) {
		n++
		i := submitted.Index
		if submitted.Item.Request != items[i].Request || submitted.Item.Options.Key != items[i].Options.Key || (submitted.Operation == nil) != (err != nil) {
			t.Errorf("got %+v and %v, want item %d, and an operation unless there is an error", submitted, err, i)
		}
		item, ok := errors.AsType[*client.ItemError](err)
		refused, kept := errors.AsType[*client.ResponseError](err)
		switch {
		case i == 0 && err != nil:
			t.Errorf("item 0: got %v, want no error", err)
		case i == 1 && (!ok || item.Index != 1 || item.Key != "order-17" || !strings.Contains(err.Error(), `item 1 (key "order-17")`)):
			t.Errorf("item 1: got %v, want its index and key", err)
		case i == 1 && (!kept || refused.StatusCode != 400):
			t.Errorf("item 1: got %v, want the *ResponseError inside", err)
		}
	}
	if n != 2 {
		t.Errorf("%d items are yielded, want 2", n)
	}
	for _, opts := range []client.SubmitOptions{{Key: "one for all"}, {Supersede: "one for all"}} {
		for _, err := range c.SubmitAll(client.InBackground(t.Context(), opts), slices.Values(items[:1]), 1) {
			if err == nil || !strings.Contains(err.Error(), "Item.Options") {
				t.Errorf("%+v for all items: got %v, want it refused", opts, err)
			}
		}
	}
}

func TestAMisspeltSupersedeIsAnError(t *testing.T) {
	tests := map[string]struct {
		key, ref string
		want     string // "" for success
	}{
		"the failed one":               {"failed", "r-failed", ""},
		"no such operation":            {"failed", "r-faild", "does not hold the key"},
		"no such operation, free key":  {"unused", "r-faild", "no operation"},
		"it had another key, free key": {"unused", "r-failed", "never held"},
		"another holds the key":        {"failed", "r-good", "does not hold the key"},
		"it did not fail":              {"good", "r-good", "did not fail"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			st := store.NewMemory(store.MemoryConfig{})
			defer st.Close()
			settleRecord(t, st, "r-failed", "failed", id1, 422)
			settleRecord(t, st, "r-good", "good", id2, 201)
			c, n := serving(t, client.Config{Store: st}, write(202, `{"id":"5c1f0f0e-6a0e-4c55-9a55-0d3a2f0b7f99"}`))
			defer c.Close()
			opts := client.SubmitOptions{Key: tt.key, Supersede: tt.ref}
			_, err := c.Submit(t.Context(), request("POST", "/v1/release", `{}`), opts)
			if tt.want == "" {
				if err != nil || n.of("POST") != 1 {
					t.Fatalf("got %v after %d requests, want it sent", err, n.of("POST"))
				}
				// The same once more, as after a crash: known, and not sent.
				if _, err := c.Submit(t.Context(), request("POST", "/v1/release", `{}`), opts); err != nil || n.of("POST") != 1 {
					t.Errorf("again: got %v after %d requests, want the same operation", err, n.of("POST"))
				}
				return
			}
			if err == nil || n.of("POST") != 0 || !strings.Contains(err.Error(), "Supersede: ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v after %d requests, want an error about Supersede that says %q", err, n.of("POST"), tt.want)
			}
		})
	}
}
