package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// The log tells of what is accepted, of how it ends, and of each attempt to
// notify that fails, with its reason, as it fails.
func TestTheLogOfTheProgram(t *testing.T) {
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	defer untrusted.Close()
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "the signature is wrong", http.StatusUnauthorized)
	}))
	defer refusing.Close()
	for name, tt := range map[string]struct {
		flags []string
		url   string
		want  []string // lines that come, in any order
	}{
		"certificate": {[]string{"--verbose"}, untrusted.URL, []string{`msg="operation accepted"`, `msg="operation ended"`, "x509: "}},
		"answer":      {[]string{"--verbose"}, refusing.URL, []string{"401 Unauthorized", `said="the signature is wrong"`}},
		"console": {nil, refusing.URL, []string{
			" operation accepted: GET /v1/customerinvoice", " operation started: GET ", " operation ended: GET ", "state Finished, status 200",
			" notification not delivered: the receiver answered 401 Unauthorized (", `said "the signature is wrong"`,
		}},
		"trust":  {nil, untrusted.URL, []string{"x509: ", "; --webhook-ca FILE has a certificate trusted"}},
		"target": {nil, "http://192.0.2.1/hook", []string{"192.0.2.1:80 is neither loopback nor private"}},
		"header": {[]string{"--verbose", "--profile", "strict", "--auth", "any"}, "", []string{"webhook URLs must start with https://"}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			out, stdout := io.Pipe()
			log, stderr := io.Pipe()
			ended := make(chan int, 1)
			go func() {
				ended <- run(ctx, append([]string{"--listen", "127.0.0.1:0", "--exec-time", "1ms", "--subscription-url", tt.url}, tt.flags...), stdout, stderr)
				_, _ = stdout.Close(), stderr.Close()
			}()
			first, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			go func() { _, _ = io.Copy(io.Discard, out) }()
			go func() {
				req, _ := http.NewRequest("GET", strings.TrimSpace(strings.TrimPrefix(first, "erpmock listens on "))+"/v1/customerinvoice?pageNumber=1&pageSize=1", nil)
				req.Header.Set("Authorization", "Bearer company:1000001")
				req.Header.Set("erp-api-background", "subscription")
				if tt.url == "" {
					req.Header.Set("erp-api-background", "http://127.0.0.1/")
				}
				if resp, err := http.DefaultClient.Do(req); err == nil {
					_ = resp.Body.Close()
				}
			}()
			var seen strings.Builder
			missing := func() (list []string) {
				for _, text := range tt.want {
					if !strings.Contains(seen.String(), text) {
						list = append(list, text)
					}
				}
				return list
			}
			for lines := bufio.NewScanner(log); len(missing()) > 0; {
				if !lines.Scan() {
					t.Fatalf("the log ended without %q:\n%s", missing(), seen.String())
				}
				seen.WriteString(lines.Text() + "\n")
			}
			go func() { _, _ = io.Copy(io.Discard, log) }()
			stop()
			if status := <-ended; status != 0 {
				t.Errorf("status %d", status)
			}
		})
	}
}
