// Command naive is a client and a receiver as they are often written first, as a
// candidate of erpmock conformance: it repeats what fails, follows the addresses that
// it is given, takes Finished for success, and keeps notifications in memory. It is
// here to be found out; do not copy it.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

type step struct {
	Step                               int
	Do, Key, Method, Path, ContentType string
	Body, Notify                       string
	TimeoutMs                          int64
}

func main() {
	lines, steps := json.NewEncoder(os.Stdout), bufio.NewScanner(os.Stdin)
	r := &receiver{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() { _ = http.Serve(l, r) }()
	_ = lines.Encode(map[string]any{
		"protocol": 1, "name": "naive", "roles": []string{"client", "receiver"}, "can": []string{}, "webhook": "http://" + l.Addr().String() + "/hook",
	})
	if os.Getenv("BACKGROUND_ROLE") == "receiver" {
		r.play(lines, steps)
		return
	}
	locations := make(map[string]string) // of states, by key
	for steps.Scan() {
		var s step
		answer := map[string]any{}
		err := json.Unmarshal(steps.Bytes(), &s)
		switch s.Do {
		case "submit":
			if locations[s.Key], err = submit(s); err == nil {
				answer["outcome"] = "pending"
			}
		case "await":
			var body any
			if body, err = await(locations[s.Key], time.Duration(s.TimeoutMs)*time.Millisecond); err == nil {
				text, _ := json.Marshal(body)
				answer["outcome"], answer["statusCode"], answer["body"] = "succeeded", 200, string(text)
			}
		}
		if err != nil {
			answer["outcome"], answer["message"] = "failed", err.Error()
		}
		answer["step"] = s.Step
		_ = lines.Encode(answer)
	}
}

// call repeats what fails.
func call(method, url, kind, body string) (map[string]any, []byte, error) {
	var last error
	for range 3 {
		req, err := http.NewRequest(method, url, strings.NewReader(body))
		if err != nil {
			return nil, nil, err
		}
		req.Header.Set("Authorization", "Bearer "+os.Getenv("BACKGROUND_TOKEN"))
		if method != http.MethodGet || kind != "" {
			req.Header.Set("Content-Type", kind)
		}
		if kind != "" || method != http.MethodGet || !strings.Contains(url, "/background/") {
			req.Header.Set("erp-api-background", "none")
		}
		resp, err := http.DefaultClient.Do(req)
		if last = err; err != nil {
			continue
		}
		data, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode >= 500 {
			last = errors.New(resp.Status)
			continue
		}
		if resp.StatusCode >= 300 {
			return nil, nil, errors.New(resp.Status)
		}
		var object map[string]any
		_ = json.Unmarshal(data, &object)
		return object, data, nil
	}
	return nil, nil, last
}

func submit(s step) (string, error) {
	accepted, _, err := call(s.Method, os.Getenv("BACKGROUND_URL")+s.Path, s.ContentType, s.Body)
	if err != nil {
		return "", err
	}
	return fmt.Sprint(accepted["stateLocation"]), nil
}

func await(location string, patience time.Duration) (any, error) {
	poll, _ := strconv.Atoi(os.Getenv("BACKGROUND_POLL_MS"))
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Duration(poll) * time.Millisecond) {
		state, _, err := call(http.MethodGet, location, "", "")
		if err != nil {
			return nil, err
		}
		if state["status"] == "Started" {
			continue
		}
		if url, ok := state["contentLocation"].(string); ok {
			_, data, err := call(http.MethodGet, url, "", "")
			if err != nil {
				return nil, err
			}
			var content any
			return content, json.Unmarshal(data, &content)
		}
		return nil, nil
	}
	return nil, errors.New("it takes too long")
}
