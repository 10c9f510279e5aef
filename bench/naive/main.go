// Command naive is the floor for the mock: what is left when everything is
// taken away that makes it one. It answers 202, hands the request to sixteen
// workers through a channel, keeps their results in a map, and calls the
// webhook once. It checks nothing, keeps nothing when it ends, and its map
// grows without bounds.
package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
)

type job struct {
	id, hook string
	body     []byte
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: naive ADDRESS")
		os.Exit(2)
	}
	if err := http.ListenAndServe(os.Args[1], newServer()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func newServer() http.Handler {
	jobs := make(chan job, 1<<16)
	var mu sync.Mutex // guards results
	results := make(map[string][]byte)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	for range 16 {
		go func() {
			for j := range jobs {
				mu.Lock()
				results[j.id] = j.body
				mu.Unlock()
				resp, err := client.Post(j.hook, "application/json", bytes.NewReader(fmt.Appendf(nil, `{"id":%q,"statusCode":200}`, j.id)))
				if err != nil {
					continue
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		}()
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		id := rand.Text()
		jobs <- job{id, r.Header.Get("erp-api-background"), body}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, `{"id":%q}`, id)
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"referenceNumber":"003501"}`)
	})
	return mux
}
