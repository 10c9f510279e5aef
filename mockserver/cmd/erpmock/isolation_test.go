package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	adminclient "github.com/vismanet-go/background/mockserver/admin/client"
)

// A test in sh, one for Node and one in Go, each with a company of its own, drive
// one process at once, and none sees what belongs to another.
func TestTestsOfThreeLanguagesShareOneProcess(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no sh and no signals")
	}
	var scripts [][]string
	for _, s := range [][]string{{"sh", "curl", "testdata/isolation.sh"}, {"node", "node", "testdata/isolation.mjs"}} {
		if _, err := exec.LookPath(s[1]); err == nil {
			scripts = append(scripts, []string{s[0], s[2]})
			continue
		}
		if strict := os.Getenv("STRICT"); strict != "" && strict != "0" {
			t.Errorf("no %s: on Debian, apt-get install %[1]s or nodejs", s[1])
		}
		t.Logf("without %s: there is no %s", s[2], s[1])
	}
	p := start(t, "--exec-time", "1m")
	tests := len(scripts) + 1
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	type result struct {
		name string
		err  error
	}
	ended := make(chan result, tests)
	for i, s := range scripts {
		go func() {
			out, err := exec.CommandContext(ctx, s[0], s[1], p.base, fmt.Sprintf("company-%d", i), fmt.Sprint(tests)).CombinedOutput()
			if err != nil {
				err = fmt.Errorf("%w\n%s", err, out)
			}
			ended <- result{s[1], err}
		}()
	}
	go func() { ended <- result{"the test in Go", isolated(ctx, p.base, "company-go", tests)} }()
	for range tests {
		if r := <-ended; r.err != nil && ctx.Err() == nil {
			t.Errorf("%s: %v", r.name, r.err)
			cancel() // the others would wait for it
		}
	}
	p.stop(syscall.SIGTERM)
}

// isolated is what the scripts in testdata do, in Go.
func isolated(ctx context.Context, root, company string, tests int) error {
	const path = "/v1/customerinvoice/003501"
	c, err := adminclient.New(root, adminclient.Options{})
	if err != nil {
		return err
	}
	get := func(company, background string) (int, error) {
		req, err := http.NewRequestWithContext(ctx, "GET", root+path, nil)
		if err != nil {
			return 0, err
		}
		req.Header.Set("ipp-company-id", company)
		if background != "" {
			req.Header.Set("erp-api-background", background)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, err
		}
		return resp.StatusCode, resp.Body.Close()
	}
	// Every test meets the others there, so that all that follows happens at once.
	meet := func(time int) error {
		if _, err := get("meeting", ""); err != nil {
			return err
		}
		_, err := c.AwaitConditionWithResponse(ctx, adminclient.Wait{Request: &adminclient.RequestMatcher{Company: "meeting"}, Count: time * tests, TimeoutMs: 60_000})
		return err
	}
	submit := func(want int) error {
		status, err := get(company, "none")
		if err == nil && status != want {
			err = fmt.Errorf("submit: got %d, want %d", status, want)
		}
		return err
	}
	verify := func(expectations ...adminclient.Expectation) error {
		_, err := c.VerifyWithResponse(ctx, adminclient.Verification{Expectations: expectations})
		return err
	}
	reset := func() error {
		_, err := c.ResetCompanyWithResponse(ctx, company, nil)
		return err
	}
	var before time.Time
	now := func() (time.Time, error) {
		resp, err := c.GetClockWithResponse(ctx, &adminclient.GetClockParams{Company: &company})
		if err != nil {
			return time.Time{}, err
		}
		return resp.JSON200.Now, nil
	}
	for i, step := range []func() error{
		reset,
		func() error {
			rule := fmt.Sprintf(`{"name": "busy-%s", "on": "intake", "company": %[1]q, "times": 1, "do": {"status": 503}}`, company)
			_, err := c.AddFaultsWithResponse(ctx, adminclient.FaultRules{Rules: []adminclient.FaultRule{adminclient.FaultRule(rule)}})
			return err
		},
		func() error {
			_, err := c.FreezeClockWithResponse(ctx, &adminclient.FreezeClockParams{Company: &company})
			return err
		},
		func() error { return meet(1) },
		func() error { return submit(503) },
		func() error { return submit(202) },
		func() error {
			return verify(adminclient.Expectation{Operation: &adminclient.OperationMatcher{Company: company, State: "Finished"}, Times: new(0)})
		},
		func() (err error) {
			before, err = now()
			return err
		},
		func() error {
			_, err := c.AdvanceClockWithResponse(ctx, &adminclient.AdvanceClockParams{Company: &company}, adminclient.Advance{By: "3h"})
			return err
		},
		func() error {
			_, err := c.AwaitConditionWithResponse(ctx, adminclient.Wait{Operation: &adminclient.OperationMatcher{Company: company, State: "Finished"}, TimeoutMs: 60_000})
			return err
		},
		func() error { return meet(2) },
		func() error {
			return verify(
				adminclient.Expectation{Request: &adminclient.RequestMatcher{Company: company, Path: path}, Times: new(2)},
				adminclient.Expectation{Request: &adminclient.RequestMatcher{Company: company, Path: path, StatusCode: 503}, Times: new(1)},
				adminclient.Expectation{Operation: &adminclient.OperationMatcher{Company: company}, Times: new(1)},
			)
		},
		func() error {
			after, err := now()
			if moved := after.Sub(before); err == nil && moved != 3*time.Hour {
				err = fmt.Errorf("the clock moved by %v, want 3h", moved)
			}
			return err
		},
		func() error {
			resp, err := c.ListHitsWithResponse(ctx, &adminclient.ListHitsParams{Company: &company})
			if err == nil && (len(resp.JSON200.Hits) != 1 || resp.JSON200.Hits[0].Rule != "busy-"+company) {
				err = fmt.Errorf("got the hits %+v, want one of its own rule", resp.JSON200.Hits)
			}
			return err
		},
		func() error { return meet(3) },
		reset,
		func() error {
			return verify(
				adminclient.Expectation{Operation: &adminclient.OperationMatcher{Company: company}, Times: new(0)},
				adminclient.Expectation{Request: &adminclient.RequestMatcher{Company: company}, Times: new(0)},
			)
		},
		func() error {
			resp, err := c.ListFaultsWithResponse(ctx, &adminclient.ListFaultsParams{Company: &company})
			if err == nil && len(resp.JSON200.Faults) != 0 {
				err = fmt.Errorf("after the reset: got the faults %+v, want none", resp.JSON200.Faults)
			}
			return err
		},
	} {
		if err := step(); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return nil
}
