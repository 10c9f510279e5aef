package mockserver_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
)

// onSocket puts a mock with one fault of requests on a socket.
func onSocket(t *testing.T, tls bool, f fault.Answer) (*mockserver.Server, *httptest.Server) {
	t.Helper()
	srv, err := mockserver.New(mockserver.Config{Faults: []fault.Rule{{On: fault.OnIntake, Do: f}}})
	if err != nil {
		t.Fatal(err)
	}
	ts := httptest.NewUnstartedServer(srv)
	if tls {
		ts.StartTLS()
	} else {
		ts.Start()
	}
	t.Cleanup(func() {
		ts.Close()
		_ = srv.Close()
	})
	return srv, ts
}

func post(ts *httptest.Server) (*http.Response, error) {
	req, err := http.NewRequest("POST", ts.URL+"/v2/customerinvoice", strings.NewReader(newInvoice))
	if err != nil {
		return nil, err
	}
	req.Header.Set("erp-api-background", "none")
	return ts.Client().Do(req)
}

func TestADropIsATCPReset(t *testing.T) {
	for name, tls := range map[string]bool{"http": false, "https": true} {
		for n, process := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				srv, ts := onSocket(t, tls, fault.Answer{Drop: true, Process: process})
				resp, err := post(ts)
				if err == nil {
					resp.Body.Close()
				}
				if !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("got %v, want a reset", err)
				}
				if got := len(srv.Operations()); got != n {
					t.Errorf("%d operations, want %d", got, n)
				}
				if list := srv.Journal().Requests(""); len(list) != 1 || list[0].StatusCode != 0 || list[0].Fault != "rule-1" {
					t.Errorf("journal: %+v", list)
				}
			})
		}
	}
}

// What was sent before the reset, a client may lose; before an end it may not.
func TestACutAnswerArrivesAsFarAsItGoes(t *testing.T) {
	srv, ts := onSocket(t, false, fault.Answer{CutAfter: 20})
	conn, err := net.Dial("tcp", ts.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /v1/customerinvoice HTTP/1.1\r\nHost: erp\r\nerp-api-background: none\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != io.ErrUnexpectedEOF || resp.StatusCode != 202 || len(body) != 20 || resp.ContentLength <= 20 {
		t.Errorf("got %d, %q of %d bytes, %v", resp.StatusCode, body, resp.ContentLength, err)
	}
	if len(srv.Operations()) != 1 {
		t.Error("not accepted")
	}
}
