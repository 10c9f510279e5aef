package conformance

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The reference passes everything, by a ledger that allows nothing.
func TestTheReferencePasses(t *testing.T) {
	t.Parallel()
	ledger, err := ParseLedger("")
	if err != nil {
		t.Fatal(err)
	}
	report, err := Run(t.Context(), Options{launch: launchReference(""), Ledger: ledger, Parallel: 16})
	if err != nil {
		t.Fatal(err)
	}
	if err := report.Err(); err != nil {
		t.Errorf("%v\n%s", err, textOf(t, report))
	}
}

func textOf(t *testing.T, report Report) string {
	t.Helper()
	var b strings.Builder
	if _, err := report.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What a reference does wrong, and the scenarios that find it out. Each scenario is
// there once, so that what it is for is proven in one place; it may find more.
var mutations = map[string][]string{
	// Clients.
	"forgets the header":                  {"create", "change", "list", "delete"},
	"drops the path of the root":          {"old-host"},
	"takes a 429 for a failure":           {"limited-submit-bare"},
	"writes bodies anew":                  {"large-request"},
	"mixes up its works":                  {"two-operations"},
	"escapes anew":                        {"escaped-query"},
	"sends again":                         {"lost-answer", "reset-before-answer", "lost-answer-on-reused-connection", "server-error", "unavailable", "bad-gateway", "request-timeout", "no-answer"},
	"takes any 2xx for success":           {"proxy-page", "accepted-cut-off", "accepted-without-id"},
	"follows redirects":                   {"redirected-post", "foreign-redirect-of-state", "foreign-redirect-of-content", "foreign-redirect-of-submit", "foreign-redirect-of-post"},
	"takes refusals for uncertain":        {"refused", "forbidden", "no-connection"},
	"waits for what ended at once":        {"foreground-content", "foreground-created", "foreground-changed"},
	"reads the body only":                 {"accepted-by-location"},
	"reads Location only":                 {"accepted-by-body", "accepted-by-id-only"},
	"knows no other fields":               {"accepted-by-job-id", "accepted-by-state-location-only", "shape-job-id", "shape-location-only", "shape-envelope"},
	"minds the case of names":             {"accepted-in-pascal-case", "state-in-pascal-case", "shape-pascal-case"},
	"keeps the mark":                      {"accepted-with-mark", "state-with-mark", "content-with-mark", "shape-mark"},
	"minds the case of ids":               {"accepted-in-capitals"},
	"takes a 202 only":                    {"accepted-as-200"},
	"follows addresses":                   {"foreign-state-location", "foreign-content-location"},
	"ends at a failed poll":               {"poll-500", "poll-502-page", "poll-200-page", "poll-empty", "poll-reset", "poll-cut-off", "poll-forbidden-once", "poll-no-answer", "content-500", "content-reset", "poll-429-bare", "polls-fail-for-hours"},
	"takes any state":                     {"poll-other-operation"},
	"takes a 404 for the end":             {"poll-missing-at-first", "missing-for-hours"},
	"does not wait":                       {"limited-submit", "poll-429-seconds", "poll-503-seconds", "content-429-seconds", "accepted-retry-after", "state-retry-after", "limited-for-an-hour"},
	"reads seconds only":                  {"poll-429-date", "content-503-date", "limited-submit-date"},
	"reads dates by its own clock":        {"poll-429-date-of-another-clock"},
	"polls without a pause":               {"pace"},
	"takes Finished for success":          {"finished-400", "finished-412", "finished-500", "finished-302"},
	"takes Failed for success":            {"failed", "failed-with-zero"},
	"goes by the status code":             {"failed-with-200"},
	"does not read actions":               {"action-failed"},
	"takes any end for one":               {"unknown-word", "unknown-word-with-year-1", "unknown-word-with-200", "no-word", "unknown-end-for-good"},
	"knows failures only":                 {"finished-without-status-code", "no-status-code-for-good"},
	"minds the case of words":             {"word-in-capitals", "failed-in-lower-case"},
	"reads strictly":                      {"times-without-zone", "times-in-year-1", "times-left-out", "times-that-are-none", "state-with-nulls", "status-code-as-text", "status-code-as-float"},
	"minds types":                         {"state-as-text", "state-without-type"},
	"makes floats of numbers":             {"content-numbers"},
	"drops letters beyond ASCII":          {"content-words", "content-latin"},
	"reads a megabyte":                    {"content-large", "content-chunked"},
	"drops empty content":                 {"content-empty-list"},
	"makes text of bytes":                 {"content-pdf", "content-page"},
	"does not unpack":                     {"content-gzip"},
	"takes half a content":                {"content-cut-off"},
	"takes any page":                      {"content-proxy-page"},
	"ends at a failed fetch":              {"content-late", "content-429-bare"},
	"goes by the flag of content":         {"content-not-told", "content-told-as-text"},
	"goes by the address of content":      {"content-without-address", "content-none"},
	"fails without content":               {"content-gone"},
	"sleeps through notifications":        {"notified-by-url", "notified-by-subscription"},
	"forgets to poll":                     {"notification-lost", "notification-of-subscription-lost"},
	"breaks on an unknown notification":   {"notification-before-202"},
	"ends anew at each notification":      {"notification-twice", "notification-late"},
	"believes notifications":              {"notification-with-lies", "notification-of-subscription-with-lies", "notification-of-another-operation"},
	"breaks on nonsense":                  {"notification-of-nonsense", "nonsense"},
	"takes what is uncertain for refused": {"notified-while-uncertain"},
	"gives up after an hour":              {"long-run"},
	"never gives up":                      {"expired-404", "expired-410"},
	"sends each time":                     {"same-key", "same-key-while-uncertain"},
	"forgets":                             {"killed-while-waiting", "killed-after-the-end"},
	"sends anew what it was sending":      {"killed-while-sending"},
	"gets a token for each call":          {"token-is-reused"},
	"keeps its token":                     {"token-expires", "token-is-revoked"},
	"goes on without a token":             {"token-endpoint-fails"},
	// Receivers.
	"does not verify":         {"forged"},
	"decodes keys only":       {"signed"},
	"decodes keys too":        {"forged-with-decoded-key"},
	"knows one key":           {"signed-with-former-key"},
	"writes the body anew":    {"signed-bytes"},
	"takes an empty key":      {"forged-with-empty-key"},
	"acknowledges any method": {"other-methods"},
	"acknowledges first":      {"killed-at-2xx"},
	"does not store":          {"restarted", "store-fails"},
	"takes half a body":       {"cut-off"},
	"refuses duplicates":      {"sent-twice"},
	"keeps duplicates":        {"sent-at-once", "sent-with-other-notification-id"},
	"goes by the header":      {"several"},
	"minds the shape":         {"shape-state"},
	"reads what comes":        {"huge"},
	"serves one connection":   {"open-connections"},
}

// Mutations by which other rules are broken than those of the scenarios that find
// them out.
var otherwise = map[string]string{
	"poll-other-operation": ruleClaims,
}

// The matrix: each scenario has one mutation that it finds out, and each rule has a
// scenario or is held in all of them.
func TestEveryScenarioFindsSomethingOut(t *testing.T) {
	t.Parallel()
	owners := make(map[string]string)
	for wrong, ids := range mutations {
		for _, id := range ids {
			if owners[id] != "" {
				t.Errorf("%s is owned by %q and by %q", id, owners[id], wrong)
			}
			owners[id] = wrong
		}
	}
	proven := map[string]bool{ruleClaims: true, ruleProtocol: true} // by tests of their own
	results := make([]Result, len(Scenarios()))
	var wg sync.WaitGroup
	turns := make(chan struct{}, 24) // they wait most of the time
	for i, s := range Scenarios() {
		wrong := owners[s.ID]
		if wrong == "" {
			t.Errorf("no mutation is there for %s to find out", s.ID)
			continue
		}
		wg.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			o := Options{launch: launchReference(wrong), change: func(s *settings) {
				s.patience, s.awaits, s.mostCalls = 2*time.Second, min(s.awaits/10, 6*time.Minute), 3000
				if s.callTimeout < 20*time.Second {
					s.callTimeout = 500 * time.Millisecond
				}
			}}
			r, err := o.play(t.Context(), s, Descriptor{Can: abilities})
			if err != nil {
				t.Errorf("%s: %v", s.ID, err)
			}
			results[i] = r
		})
	}
	wg.Wait()
	for i, s := range Scenarios() {
		wrong, r := owners[s.ID], results[i]
		delete(owners, s.ID)
		proven[s.Rule] = true
		t.Run(s.ID, func(t *testing.T) {
			want := cmp.Or(otherwise[s.ID], s.Rule)
			if !slices.ContainsFunc(r.Breaches, func(b Breach) bool { return b.Rule == want }) {
				t.Errorf("a candidate that %s: %s with %+v, want %s broken\n%s\n%s", wrong, r.Verdict, r.Breaches, want, strings.Join(r.Said, "\n"), strings.Join(r.Wire, "\n"))
			}
		})
	}
	for id, wrong := range owners {
		t.Errorf("%q is to be found out by %s, which is no scenario", wrong, id)
	}
	for _, r := range Rules() {
		if !proven[r.ID] {
			t.Errorf("no scenario is about the rule %s", r.ID)
		}
	}
}
