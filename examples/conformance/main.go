// Command conformance is the client and the receiver of this module as a candidate
// of erpmock conformance: it shows how a client of yours is made into one.
//
//	go build -o candidate ./examples/conformance
//	erpmock conformance -- ./candidate
//
// What it reads and writes is described in docs/conformance.md.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

func main() {
	env := environment{os.Getenv}
	if env.virtual() {
		onItsOwnClock(env.start(), func() error { return play(env, os.Stdin, stdout) })
		return // not reached
	}
	if err := play(env, os.Stdin, stdout); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

// stdout is kept here because onItsOwnClock gives what others print to standard
// error.
var stdout io.Writer = os.Stdout

// environment reads the settings that erpmock conformance gives.
type environment struct{ get func(string) string }

func (e environment) text(name string) string { return e.get("BACKGROUND_" + name) }

// millis reads a time in milliseconds. What is missing is 0.
func (e environment) millis(name string) time.Duration {
	n, _ := strconv.ParseInt(e.text(name), 10, 64) // the runner writes numbers
	return time.Duration(n) * time.Millisecond
}

func (e environment) virtual() bool { return e.text("CLOCK") == "virtual" }

func (e environment) start() time.Time { return time.UnixMilli(e.millis("CLOCK_START").Milliseconds()) }

// A step is a line that the runner writes.
type step struct {
	Step        int    `json:"step"`
	Do          string `json:"do"`
	Key         string `json:"key"`
	Method      string `json:"method"`
	Path        string `json:"path"`
	ContentType string `json:"contentType"`
	Body        string `json:"body"`
	Notify      string `json:"notify"`
	TimeoutMs   int64  `json:"timeoutMs"`
	Works       bool   `json:"works"`
}

// An answer is the line with which a step is answered.
type answer struct {
	Step          int            `json:"step"`
	Outcome       string         `json:"outcome,omitempty"`
	ID            string         `json:"id,omitempty"`
	StatusCode    int            `json:"statusCode,omitempty"`
	ContentType   string         `json:"contentType,omitempty"`
	BodyBase64    []byte         `json:"bodyBase64,omitempty"`
	Message       string         `json:"message,omitempty"`
	Notifications []notification `json:"notifications,omitzero"`
	Error         string         `json:"error,omitempty"`
}

type notification struct {
	ID string `json:"id"`
}

// A candidate does steps.
type candidate interface {
	http.Handler // of notifications
	do(step) (answer, error)
	close() error
}

// hookPath is where notifications are received.
const hookPath = "/hook"

// play says what the candidate can do, and does one step for each line.
func play(env environment, in io.Reader, out io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	webhook := "http://" + l.Addr().String() + hookPath
	c, err := newCandidate(env, webhook)
	if err != nil {
		return err
	}
	defer c.close()
	if !env.virtual() { // where nothing is notified
		server := &http.Server{Handler: c, ReadHeaderTimeout: 10 * time.Second}
		defer server.Close()
		go func() { _ = server.Serve(l) }() // until Close
	}

	lines := json.NewEncoder(out)
	if err := lines.Encode(map[string]any{
		"protocol": 1, "name": "go", "roles": []string{"client", "receiver"}, "webhook": webhook,
		"can": []string{"url", "subscription", "keys", "resume", "credentials", "actions", "clock", "storeFault"},
	}); err != nil {
		return err
	}
	steps := bufio.NewScanner(in)
	steps.Buffer(nil, 64<<20)
	for steps.Scan() {
		var s step
		if err := json.Unmarshal(steps.Bytes(), &s); err != nil {
			return err
		}
		a, err := c.do(s)
		if err != nil {
			a.Error = err.Error()
		}
		a.Step = s.Step
		if err := lines.Encode(a); err != nil {
			return err
		}
	}
	return steps.Err()
}

func newCandidate(env environment, webhook string) (candidate, error) {
	if env.text("ROLE") == "receiver" {
		return newReceiver(env)
	}
	return newClient(env, webhook)
}
