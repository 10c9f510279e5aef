package cassette_test

import (
	"fmt"
	"io"
	"net/http"

	"github.com/vismanet-go/background/mockserver/upstream/cassette"
)

// A test of a program that calls an API runs without the API.
func Example() {
	tape, err := cassette.Open(cassette.Config{Replay: "testdata/recorded.golden.yaml"})
	if err != nil {
		panic(err)
	}
	client := &http.Client{Transport: tape.Transport(nil)} // no network: what is not in the file is an error

	resp, err := client.Get("https://api.test/base/text/%2Fa?q=REDACTED")
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	fmt.Printf("%s %q %v\n", resp.Status, body, err)

	_, err = client.Get("https://api.test/base/text/b?q=REDACTED")
	fmt.Println(err)
	fmt.Println(len(tape.Unused()), "answers were not asked for")
	// Output:
	// 200 OK "  line one\n\nline å three \ntoken: REDACTED\n" <nil>
	// Get "https://api.test/base/text/b?q=REDACTED": recorded.golden.yaml has no answer for GET /text/b?q=REDACTED; the nearest is GET /text/%2Fa?q=REDACTED at line 49; Path: got /text/b, want /text/%2Fa
	// 4 answers were not asked for
}
