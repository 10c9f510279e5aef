package admin_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/vismanet-go/background/mockserver"
	adminclient "github.com/vismanet-go/background/mockserver/admin/client"
)

// Two test suites use one mock at once, each with a company of its own, and find
// what only they did: rules, time, queue, notifications, settings, journal.
func TestTwoCompaniesAtOnceStayApart(t *testing.T) {
	h := start(t, mockserver.Config{Clock: mockserver.ClockConfig{Manual: true}})
	var both sync.WaitGroup
	for _, company := range []string{"7", "8"} {
		both.Go(func() {
			for round := range 20 {
				if err := oneRound(t, h, company, round); err != nil {
					t.Errorf("company %s, round %d: %v", company, round, err)
					return
				}
			}
		})
	}
	both.Wait()
}

// oneRound is what one suite does.
func oneRound(t *testing.T, h *harness, company string, round int) error {
	ctx := t.Context()
	if _, err := h.ResetCompanyWithResponse(ctx, company, nil); err != nil {
		return err
	}
	status := fmt.Sprintf("Done-%s-%d", company, round)
	if _, err := h.ChangeProfileWithResponse(ctx, &adminclient.ChangeProfileParams{Company: &company}, adminclient.Switches(`{"FinishedStatus": "`+status+`"}`)); err != nil {
		return err
	}
	if _, err := h.SetBreakpointWithResponse(ctx, &adminclient.SetBreakpointParams{Company: &company}, adminclient.BreakpointChange{Held: true}); err != nil {
		return err
	}
	if _, err := h.SetSubscriptionWithResponse(ctx, &adminclient.SetSubscriptionParams{Company: &company}, adminclient.SubscriptionChange{URL: "http://hook.test/" + company}); err != nil {
		return err
	}
	rule := fmt.Sprintf(`{"name": "busy-%s-%d", "company": %q, "on": "state", "times": 1, "do": {"status": 503}}`, company, round, company)
	if _, err := h.AddFaultsWithResponse(ctx, adminclient.FaultRules{Rules: []adminclient.FaultRule{adminclient.FaultRule(rule)}}); err != nil {
		return err
	}
	id := h.submit(company, "subscription", invoices)
	clock, err := h.AdvanceClockWithResponse(ctx, &adminclient.AdvanceClockParams{Company: &company}, adminclient.Advance{By: "1h"})
	if err != nil {
		return err
	}
	if len(clock.JSON200.Busy)+clock.JSON200.PlannedCount != 0 {
		return fmt.Errorf("after an hour the clock has %+v", clock.JSON200)
	}
	read := func() (int, string) {
		code, _, body := h.call(ctx, "GET", "/v1/background/"+id, "", "ipp-company-id", company)
		return code, body
	}
	if code, _ := read(); code != http.StatusServiceUnavailable {
		return fmt.Errorf("the rule did not hit: %d", code)
	}
	if code, body := read(); code != http.StatusOK || !strings.Contains(body, `"`+status+`"`) {
		return fmt.Errorf("the state is %d %s, want %s", code, body, status)
	}
	held := adminclient.Wait{Delivery: &adminclient.DeliveryMatcher{Company: company, State: adminclient.DeliveryStateHeld, URL: "http://hook.test/" + company}}
	if found, err := h.AwaitConditionWithResponse(ctx, held); err != nil || found.JSON200.Count != 1 {
		return fmt.Errorf("what is held: %+v, %w", found, err)
	}
	if _, err := h.ReleaseDeliveryWithResponse(ctx, id); err != nil {
		return err
	}
	if _, err := h.AwaitIdleWithResponse(ctx, &adminclient.AwaitIdleParams{Company: &company}); err != nil {
		return err
	}
	_, err = h.VerifyWithResponse(ctx, adminclient.Verification{Expectations: []adminclient.Expectation{
		{Request: &adminclient.RequestMatcher{Company: company, Path: "/v1/background/{id}"}, Times: new(2)},
		{Operation: &adminclient.OperationMatcher{Company: company}, Times: new(1)},
		{Delivery: &adminclient.DeliveryMatcher{Company: company, State: adminclient.DeliveryStateDelivered, Attempts: 1}, Times: new(1)},
	}})
	return err
}
