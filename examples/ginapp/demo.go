package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/openapi"
)

// demo runs the service against a mock, posts orders to it over HTTP as a
// caller would, and prints what becomes of them.
func demo(ctx context.Context, cfg config, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cfg.addr, cfg.opsAddr, cfg.release = "127.0.0.1:0", "127.0.0.1:0", true
	public, ops, err := listen(cfg)
	if err != nil {
		return err
	}
	defer public.Close()
	defer ops.Close()
	return withMock(&cfg, public.Addr().String(), func(m *mock) error {
		return open(ctx, cfg, m.access, slog.New(slog.DiscardHandler), func(a *app) error {
			ctx, stop := context.WithCancel(ctx)
			defer stop()
			ended := make(chan error, 1)
			go func() { ended <- a.serve(ctx, public, ops) }()

			t := tour{ctx, out, m, "http://" + public.Addr().String(), "http://" + ops.Addr().String(), cfg.apiToken}
			failed := t.run()
			stop() // as SIGTERM does
			if err := errors.Join(failed, <-ended); err != nil {
				return err
			}
			fmt.Fprintln(out, "\nstopped cleanly")
			return nil
		})
	})
}

// tour is the demo under way.
type tour struct {
	ctx       context.Context // a tour lives as long as one call
	out       io.Writer
	mock      *mock
	base, ops string
	token     string
}

func (t tour) run() error {
	good := `{"number":"1001","customer":"10045","date":"2026-09-01","lines":[{"item":"SYK-01","quantity":2}]}`
	unknown := `{"number":"1002","customer":"99999","date":"2026-09-01","lines":[{"item":"SYK-02","quantity":1}]}`
	corrected := strings.Replace(unknown, "99999", "10023", 1)
	lost := strings.Replace(good, "1001", "1003", 1)
	silent := strings.Replace(good, "1001", "1004", 1)
	first := strings.Replace(unknown, `"1002"`, `"1006","sequence":"bikes"`, 1)
	second := strings.Replace(good, `"1001"`, `"1007","sequence":"bikes"`, 1)
	for _, step := range []func() error{
		func() error { return t.post("an order", good, http.StatusAccepted) },
		func() error { return t.follow("1001", stateDone) },
		func() error { return t.post("the same order again", good, http.StatusAccepted) },
		func() error {
			return t.post("another order with its number", strings.Replace(good, `:2`, `:3`, 1), http.StatusConflict)
		},
		func() error {
			return t.post("an order for a customer that the ERP does not know", unknown, http.StatusAccepted)
		},
		func() error { return t.follow("1002", stateFailed) },
		func() error { return t.post("the same order, corrected", corrected, http.StatusAccepted) },
		func() error { return t.follow("1002", stateDone) },
		t.loseAnswer,
		func() error {
			return t.post("an order; the ERP takes it, and its answer is lost", lost, http.StatusAccepted)
		},
		func() error { return t.follow("1003", stateUncertain, stateDone) },
		t.loseEverything,
		func() error {
			return t.post("an order of which answer and notification are lost", silent, http.StatusAccepted)
		},
		func() error { return t.follow("1004", stateUncertain) },
		func() error { return t.resolve("1004") },
		func() error { return t.follow("1004", stateDone) },
		func() error {
			return t.post("an order of a sequence; the ERP does not know its customer", first, http.StatusAccepted)
		},
		func() error {
			return t.post("another one of that sequence", second, http.StatusAccepted)
		},
		func() error { return t.follow("1006", stateFailed) },
		func() error { return t.follow("1007", stateQueued) },
		t.attention,
		func() error {
			return t.tell("1006", `{"outcome":"skip","reason":"the customer is no longer ours"}`)
		},
		func() error { return t.follow("1007", stateDone) },
		func() error { return t.post("no order", `{"number":"1005","lines":[]}`, http.StatusBadRequest) },
		t.measure,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// loseAnswer has the mock accept the next invoice and hang up. Two seconds later
// its notification tells what became of it.
func (t tour) loseAnswer() error {
	return t.mock.Faults().Add(
		fault.Rule{On: fault.OnIntake, Path: "/v2/customerinvoice", Times: 1, Do: fault.Answer{Process: true, Drop: true}},
		fault.Rule{Path: "/v2/customerinvoice", Times: 1, Do: fault.Notify{Delay: 2 * time.Second}},
	)
}

// loseEverything has the mock accept the next invoice, hang up, and tell nobody
// what became of it: a person has to look.
func (t tour) loseEverything() error {
	return t.mock.Faults().Add(
		fault.Rule{On: fault.OnIntake, Path: "/v2/customerinvoice", Times: 1, Do: fault.Answer{Process: true, Drop: true}},
		fault.Rule{Path: "/v2/customerinvoice", Times: 1, Do: fault.Notify{Drop: true}},
	)
}

// resolve does what a person does for an order that waits for one.
func (t tour) resolve(order string) error {
	if err := t.attention(); err != nil {
		return err
	}
	invoice, err := t.lookUp(order)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "\na person looks in the ERP: invoice %s has the external reference %s\n", invoice, order)
	return t.tell(order, fmt.Sprintf(`{"outcome":"done","invoice":%q,"reason":"seen in the ERP"}`, invoice))
}

// attention prints what waits for a person.
func (t tour) attention() error {
	code, body, err := t.call(http.MethodGet, t.base+"/attention", "")
	if err != nil || code != http.StatusOK {
		return errors.Join(fmt.Errorf("GET /attention: answered %d %s", code, body), err)
	}
	fmt.Fprintf(t.out, "\nGET /attention: what waits for a person\n  %d %s\n", code, body)
	return nil
}

// tell tells what a person found out.
func (t tour) tell(order, told string) error {
	code, body, err := t.call(http.MethodPost, t.base+"/attention/"+order, told)
	if err != nil || code != http.StatusOK {
		return errors.Join(fmt.Errorf("POST /attention/%s: answered %d %s", order, code, body), err)
	}
	fmt.Fprintf(t.out, "\nPOST /attention/%s: %s\n  %d %s\n", order, told, code, body)
	return nil
}

// lookUp finds the invoice of an order in the ERP, once it is there.
func (t tour) lookUp(order string) (string, error) {
	for {
		req, err := http.NewRequestWithContext(t.ctx, http.MethodGet, t.mock.access.baseURL+"/v1/customerinvoice?externalReference="+order, nil)
		if err != nil {
			return "", err
		}
		resp, err := t.mock.access.http.Do(req)
		if err != nil {
			return "", err
		}
		var found []openapi.CustomerInvoice
		err = json.NewDecoder(resp.Body).Decode(&found)
		resp.Body.Close()
		if err != nil {
			return "", err
		}
		if len(found) > 0 {
			return found[0].ReferenceNumber, nil
		}
		select {
		case <-t.ctx.Done():
			return "", fmt.Errorf("the invoice of order %s: %w", order, t.ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// post posts an order and wants the answer to have the code.
func (t tour) post(what, order string, want int) error {
	code, body, err := t.call(http.MethodPost, t.base+"/orders", order)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "\nPOST /orders: %s\n  %d %s\n", what, code, body)
	if code != want {
		return fmt.Errorf("%s: answered %d, want %d", what, code, want)
	}
	return nil
}

// follow asks for an order until it is in the last of the states, prints each
// that it sees, and wants to see all of them.
func (t tour) follow(order string, want ...string) error {
	var last string
	seen := make(map[string]bool)
	for !seen[want[len(want)-1]] {
		select {
		case <-t.ctx.Done():
			return fmt.Errorf("order %s: %s: %w", order, last, t.ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
		code, body, err := t.call(http.MethodGet, t.base+"/orders/"+order, "")
		if err != nil {
			return err
		}
		var s status
		if err := json.Unmarshal([]byte(body), &s); err != nil || code != http.StatusOK {
			return fmt.Errorf("order %s: answered %d %s", order, code, body)
		}
		if body != last {
			fmt.Fprintf(t.out, "  %s\n", body)
		}
		last, seen[s.State] = body, true
	}
	for _, state := range want {
		if !seen[state] {
			return fmt.Errorf("order %s was never %s", order, state)
		}
	}
	return nil
}

// measure prints some of the metrics.
func (t tour) measure() error {
	_, body, err := t.call(http.MethodGet, t.ops+"/metrics", "")
	if err != nil {
		return err
	}
	fmt.Fprint(t.out, "\nGET /metrics, among others:\n")
	for text := range strings.Lines(body) {
		if strings.HasPrefix(text, "background_client_settled_total{") || strings.HasPrefix(text, "background_client_submits_total{") {
			fmt.Fprint(t.out, "  ", text)
		}
	}
	return nil
}

// call makes one HTTP call to the service.
func (t tour) call(method, address, body string) (code int, answer string, err error) {
	req, err := http.NewRequestWithContext(t.ctx, method, address, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+t.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(bytes.TrimSpace(data)), err
}
