package main

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"sync"
)

// A receiver answers first, keeps what it gets in memory, and checks the signature
// over the JSON as it would write it itself.
type receiver struct {
	mu   sync.Mutex // guards list
	list []map[string]any
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	var body map[string]any
	if err := json.NewDecoder(req.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	written, _ := json.Marshal(body)
	key, _, _ := strings.Cut(os.Getenv("BACKGROUND_SIGNING_KEYS"), ",")
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(written)
	if signature := req.Header.Get("x-vwd-signature-v1"); signature != base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
		http.Error(w, "bad signature", http.StatusUnauthorized)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, map[string]any{"id": body["id"]})
}

// play answers the steps of a receiver.
func (r *receiver) play(lines *json.Encoder, steps *bufio.Scanner) {
	for steps.Scan() {
		var s step
		_ = json.Unmarshal(steps.Bytes(), &s)
		r.mu.Lock()
		list := append([]map[string]any{}, r.list...)
		r.mu.Unlock()
		_ = lines.Encode(map[string]any{"step": s.Step, "notifications": list})
	}
}
