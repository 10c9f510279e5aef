// Package wanted looks for what somebody wants to have happened on a server:
// requests, operations and notifications. It holds everything of a kind against
// what is wanted, so that what came closest can be told as well.
package wanted

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/internal/match"
	"github.com/vismanet-go/background/mockserver/journal"
	"github.com/vismanet-go/background/mockserver/operation"
)

// Requests holds every request to a server against what is wanted. The values of
// the candidates are [journal.Request].
func Requests(s *mockserver.Server, want match.Request) []match.Candidate {
	var list []match.Candidate
	for _, entry := range s.Journal().Select(journal.Filter{Kind: journal.KindRequest}).Entries() {
		r := *entry.Request
		got := match.Received{
			Company: r.Company, Method: r.Method, Path: r.Path, Header: r.Header, Background: r.Background, Body: r.Body, StatusCode: r.StatusCode,
		}
		if want.Concerns(got) {
			list = append(list, match.Candidate{
				Company: r.Company, Key: fmt.Sprint("request ", entry.Seq), Title: got.Title(), Value: r, Misses: want.Misses(got),
			})
		}
	}
	return list
}

// An Operation says which operations are meant. A zero field wants nothing.
type Operation struct {
	ID         string
	Company    string
	Method     string
	Path       string // a pattern of [match.FitsPath]
	State      operation.State
	StatusCode int // of the endpoint's answer
}

// Operations holds every operation of a server against what is wanted. The values
// of the candidates are [operation.Operation].
func Operations(s *mockserver.Server, want Operation) []match.Candidate {
	var list []match.Candidate
	for _, op := range s.Operations() {
		var m match.Misses
		m.Call(op.Method, op.Path, want.Method, want.Path)
		m.Text("ID", op.ID, strings.ToLower(want.ID))
		m.Text("Company", op.Company, want.Company)
		m.Text("State", string(op.State), string(want.State))
		m.Number("StatusCode", op.StatusCode, want.StatusCode)
		title := fmt.Sprintf("%s %s, %s", op.Method, op.Path, op.State)
		if op.StatusCode != 0 {
			title += " " + strconv.Itoa(op.StatusCode)
		}
		list = append(list, match.Candidate{Company: op.Company, Key: "operation " + op.ID, Title: title, Value: op, Misses: m})
	}
	return list
}

// A Delivery says which notifications are meant. A zero field wants nothing.
type Delivery struct {
	OperationID string
	Company     string
	Method      string // of the operation
	Path        string // of the operation, a pattern of [match.FitsPath]
	Mode        string // "url" or "subscription"
	URL         string
	State       operation.DeliveryState
	Attempts    int               // how many were made
	Header      map[string]string // headers of the last attempt, among others
	Body        any               // as for [match.Misses.Body]
}

// Deliveries holds every notification of a server against what is wanted. The
// values of the candidates are [operation.Delivery].
func Deliveries(s *mockserver.Server, want Delivery) []match.Candidate {
	var list []match.Candidate
	for _, got := range s.Deliveries() {
		var m match.Misses
		var last http.Header
		if n := len(got.Attempts); n > 0 {
			last = got.Attempts[n-1].Header
		}
		m.Call(got.Method, got.Path, want.Method, want.Path)
		m.Text("OperationID", got.OperationID, strings.ToLower(want.OperationID))
		m.Text("Company", got.Company, want.Company)
		m.Text("Mode", got.Mode, want.Mode)
		m.Text("URL", got.URL, want.URL)
		m.Text("State", string(got.State), string(want.State))
		m.Number("Attempts", len(got.Attempts), want.Attempts)
		m.Header(last, want.Header)
		m.Body(got.Body, want.Body)
		title := fmt.Sprintf("of %s %s, %s after %s", got.Method, got.Path, got.State, match.Plural(len(got.Attempts), "attempt")) + failure(got)
		list = append(list, match.Candidate{Company: got.Company, Key: "notification " + got.NotificationID, Title: title, Value: got, Misses: m})
	}
	return list
}

// failure says what came of the last attempt if it failed.
func failure(d operation.Delivery) string {
	if len(d.Attempts) == 0 {
		return ""
	}
	switch last := d.Attempts[len(d.Attempts)-1]; {
	case last.Error != "":
		return ", the last of which failed: " + last.Error
	case last.StatusCode != 0 && last.StatusCode/100 != 2:
		return fmt.Sprintf(", the last of which was answered %d", last.StatusCode)
	}
	return ""
}
