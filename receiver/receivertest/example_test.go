package receivertest_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/receiver/receivertest"
	"github.com/vismanet-go/background/store"
)

// How do I test that my service takes notifications in, and no forgeries?
func Example() {
	const key = "c2lnbi1rZXktZm9yLXRlc3Rz"
	rcv, err := receiver.New(receiver.Config{Store: store.NewMemory(store.MemoryConfig{}), SigningKeys: []string{key}})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux() // the router of the service under test
	rcv.Register(mux, "/webhooks/erp")

	sender := receivertest.Sender{Handler: mux, URL: "https://hooks.test/webhooks/erp", Key: key}
	notice := receivertest.Notice{ID: "5c1f0f0e-6a0e-4c55-9a55-0d3a2f0b7f11", StatusCode: 201}
	status, err := sender.Send(context.Background(), notice)
	fmt.Println(status, err)

	sender.Key = "what a forger would use"
	status, err = sender.Send(context.Background(), notice)
	fmt.Println(status, err)
	// Output:
	// 200 <nil>
	// 401 <nil>
}
