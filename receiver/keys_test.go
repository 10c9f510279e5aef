package receiver_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/receiver"
)

const newKey = "bmV3LWtleS1vZi10aGUtdGVzdHM="

// vault hands out keys that change.
type vault struct {
	mu    sync.Mutex // guards the rest
	keys  []string
	err   error
	asked int
}

func (v *vault) set(err error, keys ...string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.err, v.keys = err, keys
}

func (v *vault) get(context.Context) ([]string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asked++
	return v.keys, v.err
}

func signedWith(key string) *http.Request {
	r := post(path, body)
	r.Header.Set("x-vwd-signature-v1", sign(key, body))
	return r
}

// TestKeysAreRotatedWithoutARestart changes what the functions return.
func TestKeysAreRotatedWithoutARestart(t *testing.T) {
	var keys, secrets vault
	var w witness
	rcv, _ := setup(t, func(c *receiver.Config) {
		c.SigningKeys, c.CapabilitySecrets, c.Observer = nil, nil, &w
		c.SigningKeysFunc, c.CapabilitySecretsFunc = keys.get, secrets.get
	})
	h := mounted(rcv)
	const newSecret = "the-new-secret-of-the-tests"
	url := func(secret string) *http.Request {
		return post(path+"/"+hook.NewCapability(secret, ref, time.Now()), body)
	}
	steps := []struct {
		keys, secrets            []string
		oldKey, newKey, old, new int
	}{
		{[]string{oldKey}, []string{secret}, 200, 401, 200, 404},
		{[]string{newKey, oldKey}, []string{newSecret, secret}, 200, 200, 200, 200},
		{[]string{newKey}, []string{newSecret}, 401, 200, 404, 200},
	}
	for _, s := range steps {
		keys.set(nil, s.keys...)
		secrets.set(nil, s.secrets...)
		wantStatus(t, serve(h, signedWith(oldKey)), s.oldKey)
		wantStatus(t, serve(h, signedWith(newKey)), s.newKey)
		wantStatus(t, serve(h, url(secret)), s.old)
		wantStatus(t, serve(h, url(newSecret)), s.new)
	}
	var used []string
	for _, r := range w.received {
		if r.Authenticated {
			used = append(used, fmt.Sprint(r.Mode, r.Key))
		}
	}
	if got, want := fmt.Sprint(used), "[subscription0 url0 subscription1 subscription0 url1 url0 subscription0 url0]"; got != want {
		t.Errorf("the observer was told of %s, want %s", got, want)
	}
	asked := keys.asked + secrets.asked
	serve(h, post(path, body))           // no signature
	serve(h, post(path+"/x", body))      // no capability
	serve(h, post("/elsewhere/y", body)) // not ours
	if got := keys.asked + secrets.asked; got != asked {
		t.Errorf("asked %d times for what cannot be authentic", got-asked)
	}
}

// TestKeysThatCannotBeHadAreNoRefusal has the functions fail in every way.
func TestKeysThatCannotBeHadAreNoRefusal(t *testing.T) {
	type keys = func(context.Context) ([]string, error)
	for name, tt := range map[string]struct {
		f   keys
		log string
	}{
		"an error": {func(context.Context) ([]string, error) { return nil, errors.New("the vault is sealed") }, "the vault is sealed"},
		"an error with keys": {func(context.Context) ([]string, error) {
			return []string{key, secret}, errors.New("the vault is sealed")
		}, "the vault is sealed"},
		"nothing":               {func(context.Context) ([]string, error) { return nil, nil }, "it returned none"},
		"a blank one":           {func(context.Context) ([]string, error) { return []string{" "}, nil }, "is blank"},
		"a short one":           {func(context.Context) ([]string, error) { return []string{"short"}, nil }, "can be guessed"},
		"a panic":               {func(context.Context) ([]string, error) { panic("a nil map") }, "panicked: a nil map"},
		"it ends its goroutine": {func(context.Context) ([]string, error) { runtime.Goexit(); return nil, nil }, "ended its goroutine"},
		"it is slow":            {func(ctx context.Context) ([]string, error) { <-ctx.Done(); return nil, ctx.Err() }, "deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				var w witness
				alone := func(c *receiver.Config) {
					c.SigningKeys, c.CapabilitySecrets, c.Observer = nil, nil, &w
					c.SigningKeysFunc, c.CapabilitySecretsFunc = tt.f, tt.f
					c.Logger = slog.New(slog.NewTextHandler(&log, nil))
				}
				rcv, st := setup(t, alone)
				begun := time.Now()
				for _, r := range []*http.Request{signed(body), post(path+"/"+capability(), body)} {
					res := serve(mounted(rcv), r)
					if wantStatus(t, res, http.StatusServiceUnavailable); res.Header.Get("Retry-After") == "" {
						t.Error("nothing says when to send again")
					}
				}
				if took := time.Since(begun); took > 20*time.Second {
					t.Errorf("two answers took %v, want at most StoreTimeout each", took)
				}
				if n := strings.Count(log.String(), "level=ERROR"); n != 2 || !strings.Contains(log.String(), tt.log) {
					t.Errorf("want %q in the log, at level Error, for each request:\n%s", tt.log, log.String())
				}
				if strings.Contains(log.String(), key) || strings.Contains(log.String(), secret) {
					t.Error("a key is in the log")
				}
				if st.count() != 0 || w.received[0].Authenticated || w.received[1].Authenticated {
					t.Errorf("taken for authentic: %+v", w.received)
				}
				if h, err := rcv.Health(t.Context()); err != nil || h.LastFailed.IsZero() {
					t.Errorf("got %+v, %v, want that it failed", h, err)
				}

				// What the lists can tell needs no function.
				beside, _ := setup(t, alone, func(c *receiver.Config) { c.SigningKeys, c.CapabilitySecrets = []string{key}, []string{secret} })
				wantStatus(t, serve(mounted(beside), signed(body)), 200)
				wantStatus(t, serve(mounted(beside), post(path+"/"+capability(), body)), 200)
				want := http.StatusServiceUnavailable
				if name == "nothing" { // beside a list it may be so
					want = http.StatusUnauthorized
				}
				wantStatus(t, serve(mounted(beside), signedWith(oldKey)), want)
			})
		})
	}
}

// TestAKeyThatMakesNoSenseDoesNotHideTheOthers returns a blank one beside a good
// one.
func TestAKeyThatMakesNoSenseDoesNotHideTheOthers(t *testing.T) {
	var keys vault
	keys.set(nil, "", key)
	rcv, _ := setup(t, func(c *receiver.Config) { c.SigningKeys, c.SigningKeysFunc = nil, keys.get })
	wantStatus(t, serve(mounted(rcv), signed(body)), 200)
	wantStatus(t, serve(mounted(rcv), signedWith("")), 503)
}

// TestKeysAreAskedForConcurrently has a function wait for others to be in it.
func TestKeysAreAskedForConcurrently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inside atomic.Int32
		all := make(chan struct{})
		rcv, _ := setup(t, func(c *receiver.Config) {
			c.SigningKeys = nil
			c.SigningKeysFunc = func(context.Context) ([]string, error) {
				if inside.Add(1) == 8 {
					close(all)
				}
				<-all
				return []string{key}, nil
			}
		})
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { wantStatus(t, serve(mounted(rcv), signed(body)), 200) })
		}
		wg.Wait()
	})
}

func TestAFunctionIsAWayToAuthenticate(t *testing.T) {
	var keys vault
	for name, cfg := range map[string]receiver.Config{
		"SigningKeysFunc": {SigningKeysFunc: keys.get}, "CapabilitySecretsFunc": {CapabilitySecretsFunc: keys.get},
	} {
		_, st := setup(t)
		cfg.Store = st
		if _, err := receiver.New(cfg); err != nil {
			t.Errorf("%s alone: %v", name, err)
		}
		cfg.Unauthenticated = true
		if _, err := receiver.New(cfg); err == nil || !strings.Contains(err.Error(), "Unauthenticated") {
			t.Errorf("%s beside Unauthenticated: got %v", name, err)
		}
	}
	if keys.asked != 0 {
		t.Errorf("New asked %d times", keys.asked)
	}
}
