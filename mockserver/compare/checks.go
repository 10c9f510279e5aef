package compare

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A survey is all that is seen of one side.
type survey struct {
	*caller
	contract *contract
	seen     map[string]*sighting
	missed   map[string]string // checks that could not be made, and why
	number   string            // of an invoice that is there
	ops      []*queued
}

// A queued call is one in the background.
type queued struct {
	check string // "list" or "refusal"
	path  string // of the contract
	id    string
	ended bool
	final map[string]any
}

const (
	listPath    = "/v1/customerinvoice"
	invoicePath = "/v1/customerinvoice/{invoiceNumber}"
	statePath   = "/v1/background/{requestId}"
	contentPath = "/v1/background/{requestId}/content"

	aList    = "/v1/customerinvoice?pageNumber=1&pageSize=2"
	nobodys  = "/v1/background/00000000-0000-4000-8000-000000000000"
	noNumber = "/v1/customerinvoice/compare-finds-none"
)

// The header that asks for the background.
const backgroundHeader = "erp-api-background"

// note makes a call and notes its answer as that of a check. Path is that of the
// contract, empty if it has none.
func (s *survey) note(ctx context.Context, check, path, uri string, header ...string) (*answer, error) {
	a, err := s.get(ctx, uri, header...)
	if err != nil {
		return nil, s.miss(check, err)
	}
	doc := s.contract.foreground
	if slices.Contains(header, backgroundHeader) {
		doc = s.contract.background
	}
	s.see(check, doc, path, a)
	return a, nil
}

// miss notes why a check could not be made. The error is ctx's only.
func (s *survey) miss(check string, why error) error {
	for _, own := range []error{errScarce, errLimited, errMany, errNoWord, errLate, errNoID} {
		if errors.Is(why, own) {
			if _, there := s.missed[check]; !there {
				s.missed[check] = own.Error()
			}
			return nil
		}
	}
	return why
}

// see notes an answer.
func (s *survey) see(check string, doc *document, path string, a *answer) {
	if s.seen[check] == nil {
		s.seen[check] = newSighting(isData(path) && a.status == http.StatusOK)
	}
	into := s.seen[check]
	var want *schema
	if path != "" {
		var declared bool
		if want, declared = response(doc, path, a.status); !declared {
			into.outside["status"] = "one that the contract does not have here"
		}
	}
	if want == nil && a.status >= 400 {
		want, _ = response(s.contract.foreground, invoicePath, http.StatusBadRequest) // an error of the ERP
	}
	into.answer(a, want)
	s.limits(a)
}

// isData reports whether answers at a path are data, of which each side has its own.
func isData(path string) bool { return path == listPath || path == invoicePath }

// limits notes what an answer says of the limit: for all answers together, as it
// stands on each.
func (s *survey) limits(a *answer) {
	if s.seen[limits] == nil {
		s.seen[limits] = newSighting(false)
	}
	s.seen[limits].headers(a, isLimit)
}

// limits is the check of what all answers say of the server's limit.
const limits = "limit"

// run makes all calls.
func (s *survey) run(ctx context.Context) error {
	for _, part := range []func(context.Context) error{
		s.foreground, s.refusals, s.submit, s.phases, s.contents, s.countsPolls,
	} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// foreground reads in the foreground.
func (s *survey) foreground(ctx context.Context) error {
	a, err := s.note(ctx, "list", listPath, aList)
	if err != nil {
		return err
	}
	if a != nil {
		s.number = firstNumber(a.body)
	}
	if s.number == "" {
		err = s.miss("invoice", errNoID)
	} else {
		_, err = s.note(ctx, "invoice", invoicePath, "/v1/customerinvoice/"+url.PathEscape(s.number))
	}
	if err != nil {
		return err
	}
	for _, c := range []struct{ check, path, uri string }{
		{"no such invoice", invoicePath, noNumber},
		{"list without paging", listPath, "/v1/customerinvoice?greaterThanValue=99999999999"},
		{"page beyond the end", listPath, "/v1/customerinvoice?pageNumber=1000000&pageSize=2"},
		{"slash at the end", listPath, "/v1/customerinvoice/?pageNumber=1&pageSize=1"},
	} {
		if _, err := s.note(ctx, c.check, c.path, c.uri); err != nil {
			return err
		}
	}
	return s.capitals(ctx)
}

// capitals asks for one row by names in capitals, and notes whether the server
// understood.
func (s *survey) capitals(ctx context.Context) error {
	const check = "paging in capitals"
	a, err := s.get(ctx, "/v1/customerinvoice?PAGENUMBER=1&PAGESIZE=1")
	if err != nil {
		return s.miss(check, err)
	}
	seen := newSighting(false)
	s.seen[check] = seen
	rows, ok := decode(a.body)
	list, isList := rows.([]any)
	switch {
	case a.status != http.StatusOK:
		seen.shape.see("status", "refused")
	case !ok || !isList:
		seen.shape.see("rows", kindNoJSON)
	case len(list) > 1:
		seen.shape.see("rows", "more than were asked for")
	default:
		seen.shape.see("rows", "as many as were asked for")
	}
	return nil
}

func firstNumber(body []byte) string {
	var rows []struct {
		ReferenceNumber string `json:"referenceNumber"`
	}
	if json.Unmarshal(body, &rows) != nil || len(rows) == 0 {
		return ""
	}
	return rows[0].ReferenceNumber
}

// refusals makes calls that are refused, on one server at least.
func (s *survey) refusals(ctx context.Context) error {
	for _, c := range []struct {
		check, path, uri string
		header           []string
	}{
		{"no token", listPath, aList, []string{"Authorization", ""}},
		{"no token, no such path", "", "/v1/compareFindsNone", []string{"Authorization", ""}},
		{"no ipp- headers", listPath, aList, []string{"ipp-company-id", "", "ipp-application-type", ""}},
		{"no such path", "", "/v1/compareFindsNone", nil},
		{"no such path in the background", "", "/v1/compareFindsNone", []string{backgroundHeader, "none"}},
		{"unknown value of the header", listPath, aList, []string{backgroundHeader, "compare"}},
		{"state of nobody's operation", statePath, nobodys, nil},
		{"content of nobody's operation", contentPath, nobodys + "/content", nil},
		{"state of an id that is no GUID", statePath, "/v1/background/compare", nil},
	} {
		if _, err := s.note(ctx, c.check, c.path, c.uri, c.header...); err != nil {
			return err
		}
	}
	return nil
}

// submit queues calls: the first runs while the others wait.
func (s *survey) submit(ctx context.Context) error {
	for _, c := range []struct{ check, path, uri string }{
		{"list", listPath, aList}, {"refusal", invoicePath, noNumber}, {"list", listPath, aList},
	} {
		a, err := s.note(ctx, "202", c.path, c.uri, backgroundHeader, "none")
		if err != nil {
			return err
		}
		if a == nil {
			continue
		}
		if id := idOf(a); id != "" {
			s.ops = append(s.ops, &queued{check: c.check, path: c.path, id: id})
		}
	}
	return nil
}

// idOf is the id in a 202.
func idOf(a *answer) string {
	var doc struct{ ID, JobID, StateLocation string }
	if a.status != http.StatusAccepted || json.Unmarshal(a.body, &doc) != nil {
		return ""
	}
	if _, after, ok := strings.Cut(doc.StateLocation, "/background/"); ok && guid.MatchString(after) {
		return after
	}
	if guid.MatchString(doc.ID) {
		return doc.ID
	}
	if guid.MatchString(doc.JobID) {
		return doc.JobID
	}
	return ""
}

// phases polls until all have ended, and notes the state document of each phase.
func (s *survey) phases(ctx context.Context) error {
	begin, wait := time.Now(), s.opts.Poll
	early := false
	for {
		open := 0
		for _, op := range s.ops {
			if op.ended {
				continue
			}
			open++
			if err := s.poll(ctx, op); err != nil {
				return err
			}
			if !op.ended && !early {
				early = true
				a, err := s.note(ctx, "content before the end", contentPath, "/v1/background/"+op.id+"/content")
				if err != nil {
					return err
				}
				_ = a
			}
		}
		if open == 0 {
			break
		}
		if time.Since(begin) > s.opts.Patience {
			return s.miss("state, ended", errLate)
		}
		if s.calls >= s.opts.MaxCalls {
			return s.miss("state, ended", errMany)
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, 30*time.Second)
	}
	return nil
}

// poll reads a state document.
func (s *survey) poll(ctx context.Context, op *queued) error {
	a, err := s.get(ctx, "/v1/background/"+op.id)
	if err != nil {
		op.ended = true // it is not asked for again
		return s.miss("state, ended", err)
	}
	check := "state, " + phase(a, op)
	if a.status != http.StatusOK {
		op.ended = true
		check = "state of an operation"
	}
	s.see(check, s.contract.foreground, statePath, a)
	return nil
}

// phase is how far a state document says that its operation is.
func phase(a *answer, op *queued) string {
	v, _ := decode(a.body)
	doc, _ := v.(map[string]any)
	if isTime(doc["finishedUtc"]) {
		op.ended, op.final = true, doc
		return "ended with " + op.check
	}
	if isTime(doc["startedUtc"]) {
		return "running"
	}
	return "waiting"
}

// isTime reports whether v is a time that has come.
func isTime(v any) bool {
	text, ok := v.(string)
	return ok && text != "" && !strings.HasPrefix(text, "0001-")
}

// contents reads the answers of what has ended.
func (s *survey) contents(ctx context.Context) error {
	done := make(map[string]bool)
	for _, op := range s.ops {
		if !op.ended || op.final == nil || done[op.check] {
			continue
		}
		done[op.check] = true
		check := op.check + " in the background, content"
		a, err := s.get(ctx, "/v1/background/"+op.id+"/content")
		if err != nil {
			if err := s.miss(check, err); err != nil {
				return err
			}
			continue
		}
		// What it holds is the answer of the call itself, whatever its own status.
		want, _ := response(s.contract.foreground, op.path, http.StatusOK)
		if op.check == "refusal" {
			want, _ = response(s.contract.foreground, op.path, http.StatusBadRequest)
		}
		s.seen[check] = newSighting(op.check == "list" && a.status == http.StatusOK)
		if _, declared := response(s.contract.foreground, contentPath, a.status); !declared {
			s.seen[check].outside["status"] = "one that the contract does not have here"
		}
		s.seen[check].answer(a, want)
		s.limits(a)
	}
	return nil
}

// countsPolls finds out whether a poll counts against the limit.
func (s *survey) countsPolls(ctx context.Context) error {
	var left [2]float64
	for i := range left {
		a, err := s.get(ctx, nobodys)
		if err != nil {
			return s.miss(polls, err)
		}
		n, ok := number(a.header.Get("X-RateLimit-Remaining"))
		if !ok {
			return s.miss(polls, errNoID)
		}
		left[i] = n
	}
	seen := newSighting(false)
	switch {
	case left[1] < left[0]:
		seen.shape.see("polls", "are counted")
	case left[1] == left[0]:
		seen.shape.see("polls", "are not counted")
	default:
		return s.miss(polls, errNoID) // a new window began between the two
	}
	s.seen[polls] = seen
	return nil
}

// polls is the check of whether polls count.
const polls = "polls against the limit"
