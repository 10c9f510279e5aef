package receiver_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"

	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/receiver/receivertest"
	"github.com/vismanet-go/background/store"
)

// How do I receive notifications of a subscription?
func Example() {
	const key = "c2lnbi1rZXktZm9yLXRlc3Rz" // from the developer portal
	st := store.NewMemory(store.MemoryConfig{})
	rcv, err := receiver.New(receiver.Config{Store: st, SigningKeys: []string{key}})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	rcv.Register(mux, "/webhooks/erp")
	server := httptest.NewServer(mux)
	defer server.Close()

	// What the dispatcher sends:
	const body = `{"id":"5c1f0f0e-6a0e-4c55-9a55-0d3a2f0b7f11","statusCode":201}`
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(body))
	request, _ := http.NewRequest(http.MethodPost, server.URL+"/webhooks/erp", strings.NewReader(body))
	request.Header.Set("x-vwd-signature-v1", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	answer.Body.Close()
	fmt.Println(answer.Status)

	// It is in the store, where the client finds it.
	rec, err := st.GetByID(context.Background(), store.AnyTenant, "5c1f0f0e-6a0e-4c55-9a55-0d3a2f0b7f11")
	if err != nil {
		panic(err)
	}
	fmt.Println(rec.Phase, rec.Notification.StatusCode)
	// Output:
	// 200 OK
	// unmatched 201
}

// How do I handle the notifications myself?
func ExampleReceiver_Handle() {
	rcv, err := receiver.New(receiver.Config{
		Store:       store.NewMemory(store.MemoryConfig{}), // on disk: sqlitestore
		SigningKeys: []string{"c2lnbi1rZXktZm9yLXRlc3Rz"},
	})
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background()) // signal.NotifyContext in a program
	rcv.Handle(func(ctx context.Context, n receiver.Notification) error {
		if n.StatusCode >= 400 {
			return receiver.Discard(fmt.Errorf("the ERP answered %d", n.StatusCode)) // no retry can mend it
		}
		fmt.Println("done:", n.ID, n.StatusCode)
		stop()
		return nil // an error has it called again later
	})

	sender := receivertest.Sender{Handler: rcv, URL: "https://hooks.test/webhooks/erp", Key: "c2lnbi1rZXktZm9yLXRlc3Rz"}
	for _, n := range []receivertest.Notice{
		{ID: "2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10", StatusCode: 400},
		{ID: "5c1f0f0e-6a0e-4c55-9a55-0d3a2f0b7f11", StatusCode: 201},
	} {
		if _, err := sender.Send(ctx, n); err != nil {
			panic(err)
		}
	}
	if err := rcv.Run(ctx); err != nil { // until ctx is done and the handlers have returned
		panic(err)
	}

	for letter, err := range rcv.Dead(context.Background()) {
		if err != nil {
			panic(err)
		}
		fmt.Println("dead:", letter.ID, letter.Reason)
		// rcv.Replay(ctx, letter.Delivery), once it can be handled
	}
	// Output:
	// done: 5c1f0f0e-6a0e-4c55-9a55-0d3a2f0b7f11 201
	// dead: 2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10 the ERP answered 400
}

// How do I let only the vendor send, behind my load balancer?
func ExampleConfig() {
	rcv, err := receiver.New(receiver.Config{
		Store:          store.NewMemory(store.MemoryConfig{}),
		SigningKeys:    []string{"c2lnbi1rZXktZm9yLXRlc3Rz"},
		AllowFrom:      receiver.VendorAddresses(), // beside the signature, never in its place
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	})
	if err != nil {
		panic(err)
	}
	sender := receivertest.Sender{URL: "https://hooks.test/webhooks/erp", Key: "c2lnbi1rZXktZm9yLXRlc3Rz"}
	for _, forwarded := range []string{"18.202.121.26", "18.202.121.26, 203.0.113.9"} {
		r, err := sender.Request(context.Background(), receivertest.Notice{ID: "5c1f0f0e-6a0e-4c55-9a55-0d3a2f0b7f11"})
		if err != nil {
			panic(err)
		}
		r.RemoteAddr = "10.0.0.1:4711" // the load balancer
		r.Header.Set("X-Forwarded-For", forwarded)
		w := httptest.NewRecorder()
		rcv.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// 200
	// 403
}

// When is my process ready?
func ExampleReceiver_Health() {
	rcv, err := receiver.New(receiver.Config{
		Store:       store.NewMemory(store.MemoryConfig{}),
		SigningKeys: []string{"c2lnbi1rZXktZm9yLXRlc3Rz"},
	})
	if err != nil {
		panic(err)
	}
	ready := func(w http.ResponseWriter, r *http.Request) {
		h, err := rcv.Health(r.Context())
		if err != nil {
			http.Error(w, "the store cannot be read", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintf(w, "backlog %d, dead %d\n", h.Backlog, h.Dead)
	}
	w := httptest.NewRecorder()
	ready(w, httptest.NewRequest(http.MethodGet, "/ready", nil))
	fmt.Print(w.Code, " ", w.Body)
	// Output:
	// 200 backlog 0, dead 0
}

// What does a forgery get?
func ExampleReceiver_ServeHTTP() {
	rcv, err := receiver.New(receiver.Config{
		Store:             store.NewMemory(store.MemoryConfig{}),
		SigningKeys:       []string{"c2lnbi1rZXktZm9yLXRlc3Rz"},
		CapabilitySecrets: []string{"the secret of the client, too"},
	})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	rcv.Register(mux, "/webhooks/erp")
	for _, path := range []string{
		"/webhooks/erp", // subscription mode, without a signature
		"/webhooks/erp/abcdefghijklmnopqrstuv2345.20526.X-D0ocUb2Gamnq72t77FDQ", // URL mode, made with another secret
		"/somewhere/else",
	} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, strings.NewReader(`{}`)))
		fmt.Print(w.Code, " ", w.Body)
	}
	// Output:
	// 401 unauthorized
	// 404 404 page not found
	// 404 404 page not found
}

// What is wrong with my configuration?
func ExampleNew() {
	_, err := receiver.New(receiver.Config{SigningKeys: []string{"too short"}})
	fmt.Println(err)
	// Output:
	// receiver: Store: is required
	// SigningKeys[0]: has 9 bytes, want at least 16, for a short one can be guessed; copy the whole key from the webhook's page in the developer portal
}

// How do I keep capabilities out of an access log?
func ExampleRedact() {
	fmt.Println(receiver.Redact("/webhooks/erp/abcdefghijklmnopqrstuv2345.20526.X-D0ocUb2Gamnq72t77FDQ"))
	fmt.Println(receiver.Redact("/v1/customers?page=2"))
	// Output:
	// /webhooks/erp/[redacted]
	// /v1/customers?page=2
}

// How do I keep capabilities out of everything, whatever else logs or traces?
func ExampleConceal() {
	rcv, err := receiver.New(receiver.Config{
		Store:             store.NewMemory(store.MemoryConfig{}),
		CapabilitySecrets: []string{"the secret of the client, too"},
	})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	rcv.Register(mux, "/webhooks/erp")
	logged := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL.Path)
		mux.ServeHTTP(w, r)
	})
	outermost := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		logged.ServeHTTP(w, receiver.Conceal(r))
	})

	const capability = "abcdefghijklmnopqrstuv2345.20526.X-D0ocUb2Gamnq72t77FDQ"
	outermost.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/webhooks/erp/"+capability, nil))
	// Output:
	// POST /webhooks/erp/[redacted]
}
