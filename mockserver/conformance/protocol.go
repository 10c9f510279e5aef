package conformance

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Version is the version of the protocol between the runner and candidates.
const Version = 1

// A Role is a kind of candidate.
type Role string

// These are the roles.
const (
	Client   Role = "client"
	Receiver Role = "receiver"
)

// What not every candidate can do.
const (
	canURL          = "url"
	canSubscription = "subscription"
	canKeys         = "keys"
	canResume       = "resume"
	canCredentials  = "credentials"
	canActions      = "actions"
	canClock        = "clock"
	canStoreFault   = "storeFault"
)

var abilities = []string{canURL, canSubscription, canKeys, canResume, canCredentials, canActions, canClock, canStoreFault}

// A Descriptor is the first line of a candidate: what it is and what it can do.
type Descriptor struct {
	Protocol int      `json:"protocol"`
	Name     string   `json:"name"`
	Roles    []Role   `json:"roles"`
	Can      []string `json:"can"`
	Webhook  string   `json:"webhook,omitempty"`
}

// readDescriptor reads the first line of a candidate.
func readDescriptor(line []byte) (Descriptor, error) {
	var d Descriptor
	if err := json.Unmarshal(line, &d); err != nil {
		return d, fmt.Errorf("its first line is no JSON object: %s", excerpt(line))
	}
	switch {
	case d.Protocol != Version:
		return d, fmt.Errorf("its first line says protocol %d, want %d: %s", d.Protocol, Version, excerpt(line))
	case d.Name == "":
		return d, fmt.Errorf("its first line has no name: %s", excerpt(line))
	case len(d.Roles) == 0:
		return d, fmt.Errorf("its first line has no roles, want client, receiver or both: %s", excerpt(line))
	}
	for _, r := range d.Roles {
		if r != Client && r != Receiver {
			return d, fmt.Errorf("its first line has the role %q, want client or receiver", r)
		}
	}
	if u, err := url.Parse(d.Webhook); d.Webhook != "" && (err != nil || u.Scheme != "http" || u.Port() == "") {
		return d, fmt.Errorf("the webhook of its first line is %q, want an address such as http://127.0.0.1:40124/hook", d.Webhook)
	}
	for _, word := range d.Can {
		if !slices.Contains(abilities, word) {
			return d, fmt.Errorf("its first line says that it can %q, want words of %s", word, strings.Join(abilities, ", "))
		}
	}
	return d, nil
}

// An Outcome is what a candidate says of work.
type Outcome string

// These are the outcomes.
const (
	Pending   Outcome = "pending"
	Succeeded Outcome = "succeeded"
	Failed    Outcome = "failed"
	Refused   Outcome = "refused"
	Uncertain Outcome = "uncertain"
	Expired   Outcome = "expired"
)

var outcomes = []Outcome{Pending, Succeeded, Failed, Refused, Uncertain, Expired}

// A step is one line for a candidate.
type step struct {
	Step        int    `json:"step"`
	Do          string `json:"do"`
	Key         string `json:"key,omitempty"`
	Method      string `json:"method,omitempty"`
	Path        string `json:"path,omitempty"`
	ContentType string `json:"contentType,omitempty"`
	Body        string `json:"body,omitempty"`
	Notify      string `json:"notify,omitempty"`
	TimeoutMs   int64  `json:"timeoutMs,omitempty"`
	Works       *bool  `json:"works,omitempty"`
}

// A response is a candidate's line about a step.
type response struct {
	Step          int            `json:"step"`
	Outcome       Outcome        `json:"outcome"`
	ID            string         `json:"id"`
	StatusCode    int            `json:"statusCode"`
	ContentType   string         `json:"contentType"`
	Body          *string        `json:"body"`
	BodyBase64    *string        `json:"bodyBase64"`
	Message       string         `json:"message"`
	Error         string         `json:"error"`
	Notifications []notification `json:"notifications"`

	content []byte // what Body or BodyBase64 says; nil: none
}

// A notification is an entry of a receiver's list.
type notification struct {
	ID string `json:"id"`
}

// A protocolError says that a candidate does not do what the protocol says.
type protocolError struct{ err error }

func (e *protocolError) Error() string { return e.err.Error() }
func (e *protocolError) Unwrap() error { return e.err }

// readAnswer reads the line with which a candidate answers a step. An error that is no
// *protocolError is one that the candidate tells.
func readAnswer(line []byte, of step) (response, error) {
	a, err := parseAnswer(line, of)
	switch {
	case err != nil:
		return a, &protocolError{err}
	case a.Error != "":
		return a, fmt.Errorf("it could not do step %d, %s: %s", of.Step, of.Do, a.Error)
	}
	return a, nil
}

func parseAnswer(line []byte, of step) (response, error) {
	var a response
	if err := json.Unmarshal(line, &a); err != nil {
		return a, fmt.Errorf("its line is no answer (standard output is for answers only, logs go to standard error): %s", excerpt(line))
	}
	switch {
	case a.Step != of.Step:
		return a, fmt.Errorf("it answered step %d when asked step %d: %s", a.Step, of.Step, excerpt(line))
	case a.Error != "":
		return a, nil
	case a.Body != nil && a.BodyBase64 != nil:
		return a, fmt.Errorf("its answer has both body and bodyBase64: %s", excerpt(line))
	case (of.Do == "submit" || of.Do == "await") && !slices.Contains(outcomes, a.Outcome):
		return a, fmt.Errorf("its outcome is %q, want one of %v: %s", a.Outcome, outcomes, excerpt(line))
	case of.Do == "list" && a.Notifications == nil:
		return a, fmt.Errorf("its answer to list has no notifications: %s", excerpt(line))
	}
	if a.Body != nil {
		a.content = []byte(*a.Body)
	}
	if a.BodyBase64 != nil {
		var err error
		if a.content, err = base64.StdEncoding.DecodeString(*a.BodyBase64); err != nil {
			return a, fmt.Errorf("bodyBase64 of its answer: %w", err)
		}
	}
	return a, nil
}

// String tells an answer as the report does.
func (a response) String() string {
	s := string(a.Outcome)
	if a.StatusCode != 0 {
		s += fmt.Sprintf(" %d", a.StatusCode)
	}
	if a.content != nil {
		s += fmt.Sprintf(", %d bytes of content", len(a.content))
	}
	if a.Message != "" {
		s += ": " + excerpt([]byte(a.Message))
	}
	return s
}

// excerpt is the beginning of a text, on one line.
func excerpt(text []byte) string {
	const most = 300
	s := string(bytes.TrimSpace(text))
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + fmt.Sprintf("… (%d bytes)", len(s))
	}
	return strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
}
