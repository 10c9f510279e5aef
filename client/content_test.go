package client_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/store"
)

func TestBinaryContentRoundTrips(t *testing.T) {
	print := bytes.Repeat([]byte("%PDF-1.7\x00\xff"), 1000)
	play(t, mockserver.Config{}, client.Config{}, func(w *world) {
		w.mock.Handle("GET /v1/customerinvoice/000001/print", http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "application/pdf")
			_, _ = rw.Write(print)
		}))
		res := w.wait(w.submit(request("GET", "/v1/customerinvoice/000001/print", ""), client.SubmitOptions{}))
		resp, err := res.Response(w.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		got, err := io.ReadAll(resp.Body)
		if err != nil || !bytes.Equal(got, print) || resp.Header.Get("Content-Type") != "application/pdf" || resp.ContentLength != int64(len(print)) {
			t.Errorf("%d bytes of %s, %v", len(got), resp.Header.Get("Content-Type"), err)
		}
	})
}

func TestLargeContentIsStreamedFromTheERP(t *testing.T) {
	big := bytes.Repeat([]byte("x"), 5000)
	play(t, mockserver.Config{}, client.Config{KeepContent: 1000, MaxContent: 4000}, func(w *world) {
		w.mock.Handle("GET /v1/big", http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(big) }))
		op := w.submit(request("GET", "/v1/big", ""), client.SubmitOptions{})
		res := w.wait(op)
		if rec, _ := w.store.Get(w.Context(), "default", op.Ref()); rec.Outcome.Kept || len(rec.Outcome.Content) != 0 {
			t.Errorf("kept %d bytes", len(rec.Outcome.Content))
		}
		body, err := res.Open(w.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(body); err != nil || !bytes.Equal(got, big) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		body.Close()
		if _, err := res.Bytes(w.Context()); !errors.Is(err, client.ErrTooLarge) || !strings.Contains(err.Error(), "MaxContent") {
			t.Errorf("more than allowed: %v", err)
		}
		w.mock.Expire(op.ID())
		if _, err := res.Open(w.Context()); !errors.Is(err, client.ErrContentExpired) {
			t.Errorf("after a day: %v", err)
		}
	})
}

func TestSmallContentOutlivesTheERP(t *testing.T) {
	play(t, mockserver.Config{}, client.Config{}, func(w *world) {
		op := w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{})
		w.wait(op)
		time.Sleep(48 * time.Hour)
		rows, err := client.Decode[[]any](w.Context(), w.wait(op))
		if err != nil || len(rows) == 0 {
			t.Errorf("%d rows, %v", len(rows), err)
		}
	})
}

// TestContentThatFailsIsFetchedAgain: a state that says Finished is not the
// end of the wait while its content cannot be read whole.
func TestContentThatFailsIsFetchedAgain(t *testing.T) {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, _ = zip.Write([]byte(`["whole"]`))
	zip.Close()
	answers := []http.HandlerFunc{
		write(404, ``), write(500, ``), drop,
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `["cut`)
			panic(http.ErrAbortHandler)
		},
		write(200, `["whole"]`),
	}
	synctest.Test(t, func(t *testing.T) {
		fetches := 0
		c, _ := serving(t, client.Config{}, accepting(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/content") {
				fetches++
				answers[fetches-1](w, r)
				return
			}
			write(200, `{"status":"finished","statusCode":"200","hasResponseContent":"true"}`)(w, r)
		}))
		defer c.Close()
		op, err := c.Submit(t.Context(), request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		res, err := op.Wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := client.Decode[[]string](t.Context(), res); err != nil || got[0] != "whole" || fetches != len(answers) {
			t.Errorf("%v, %v after %d fetches", got, err, fetches)
		}
	})
}

func TestContentThatIsGoneDoesNotHideTheOutcome(t *testing.T) {
	for _, code := range []int{404, 410} {
		synctest.Test(t, func(t *testing.T) {
			st := store.NewMemory(store.MemoryConfig{})
			start := time.Now()
			c, _ := serving(t, client.Config{Store: st}, accepting(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/content") {
					write(code, ``)(w, r)
					return
				}
				write(200, `{"status":"Finished","statusCode":200,"hasResponseContent":true}`)(w, r)
			}))
			defer c.Close()
			op, err := c.Submit(t.Context(), request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{})
			if err != nil {
				t.Fatal(err)
			}
			res, err := op.Wait(t.Context())
			if err != nil || res.StatusCode != 200 || time.Since(start) > 15*time.Minute {
				t.Fatalf("%+v, %v after %v", res, err, time.Since(start))
			}
			_, err = res.Bytes(t.Context())
			if refused, ok := errors.AsType[*client.ResponseError](err); code == 404 && (!ok || refused.StatusCode != 404) {
				t.Errorf("%d within the day: %v", code, err) // it may still come
			}
			time.Sleep(24 * time.Hour)
			if _, err := res.Bytes(t.Context()); !errors.Is(err, client.ErrContentExpired) {
				t.Errorf("%d: %v", code, err)
			}
		})
	}
}

func TestDecodeSaysWhatIsWrong(t *testing.T) {
	if _, err := client.Decode[int](t.Context(), nil); err == nil {
		t.Error("no result, no error")
	}
	play(t, mockserver.Config{}, client.Config{}, func(w *world) {
		res := w.wait(w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{}))
		if _, err := client.Decode[map[string]any](w.Context(), res); err == nil || !strings.Contains(err.Error(), "no content (status 201)") {
			t.Errorf("an answer without a body: %v", err)
		}
		list := w.wait(w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{}))
		if _, err := client.Decode[map[string]any](w.Context(), list); err == nil || !strings.Contains(err.Error(), list.ID) {
			t.Errorf("another type: %v", err)
		}
	})
}
