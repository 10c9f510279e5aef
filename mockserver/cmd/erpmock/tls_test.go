package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// trusting is a client that trusts the certificate in a file only.
func trusting(t *testing.T, name string) *http.Client {
	t.Helper()
	data, err := os.ReadFile(name)
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(data) {
		t.Fatalf("no certificate in %s: %v", name, err)
	}
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func pemOf(cert *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
}

// Whoever trusts the certificate for development reaches the mock by each of its
// names, and its links say https. It is used again while it is good.
func TestSelfSigned(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	var first []byte
	for range 2 {
		p := start(t, "--tls-self-signed", "--tls-cert", cert, "--tls-key", key, "--external-url", "")
		client := trusting(t, cert)
		_, port, _ := strings.Cut(strings.TrimPrefix(p.base, "https://"), ":")
		for _, base := range []string{"https://127.0.0.1:" + port, "https://localhost:" + port} {
			req, _ := http.NewRequest("GET", base+"/v1/customerinvoice/003501", nil)
			req.Header.Set("erp-api-background", "none")
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if location := resp.Header.Get("Location"); resp.StatusCode != 202 || !strings.HasPrefix(location, base+"/") {
				t.Errorf("got %s, Location %q; want 202 and %s", resp.Status, location, base)
			}
		}
		if runtime.GOOS != "windows" {
			if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("got %v, %v; want a key that nobody else may read", info, err)
			}
			p.stop(syscall.SIGTERM)
		}
		now, err := os.ReadFile(cert)
		if err != nil || first != nil && string(now) != string(first) {
			t.Errorf("another certificate at the second start, %v", err)
		}
		first = now
	}
}

func TestCertificatesForDevelopment(t *testing.T) {
	dir := t.TempDir()
	f := tlsFiles{cert: filepath.Join(dir, "c"), key: filepath.Join(dir, "k"), selfSigned: true}
	now := time.Now()
	serial := func(at time.Time, hosts ...string) string {
		t.Helper()
		c, err := f.development(hosts, at)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(c.Certificates[0].Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range hosts {
			if err := leaf.VerifyHostname(host); err != nil {
				t.Error(err)
			}
		}
		return leaf.SerialNumber.String()
	}
	a := serial(now, "localhost", "::1")
	if serial(now.AddDate(0, 1, 0), "localhost") != a {
		t.Error("a new certificate although that of before is good")
	}
	b := serial(now, "localhost", "other.test")
	if b == a {
		t.Error("no new certificate for a host that the one of before is not for")
	}
	if serial(now.AddDate(0, 3, 0), "localhost") == b {
		t.Error("no new certificate where that of before is about to end")
	}
}

// What is wrong with certificates is told by the flag.
func TestWrongCertificates(t *testing.T) {
	empty := file(t, "empty.pem", "nothing")
	for args, want := range map[string]string{
		"--tls-cert " + empty:                                           "--tls-cert: --tls-key is missing",
		"--tls-key " + empty:                                            "--tls-key: --tls-cert is missing",
		"--tls-self-signed --tls-key " + empty:                          "--tls-key: --tls-cert is missing",
		"--tls-cert " + empty + " --tls-key " + empty:                   "--tls-cert, --tls-key: tls: failed to find any PEM data",
		"--tls-self-signed --tls-cert /none/x":                          "--tls-cert: open /none/x",
		"--webhook-ca " + empty:                                         "empty.pem has no certificate in PEM",
		"--webhook-ca /nonexistent.pem":                                 "--webhook-ca: open /nonexistent.pem",
		"--webhook-insecure=maybe":                                      `--webhook-insecure "maybe": want true or false`,
		"--tls-self-signed --tls-cert " + empty + " --tls-key " + empty: "--tls-cert, --tls-key: ",
	} {
		var out, errs strings.Builder
		if status := run(t.Context(), append(strings.Fields(args), "--listen", "127.0.0.1:0"), &out, &errs); status != 2 || !strings.Contains(errs.String(), want) {
			t.Errorf("%s: got %d, %q; want %q", args, status, errs.String(), want)
		}
	}
}

// A receiver with a certificate for development is trusted if a flag says so.
func TestReceiversWithCertificatesForDevelopment(t *testing.T) {
	notified := make(chan struct{}, 2)
	hook := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { notified <- struct{}{} }))
	defer hook.Close()
	ca := file(t, "ca.pem", pemOf(hook.Certificate()))
	for _, flags := range [][]string{{"--webhook-ca", ca}, {"--webhook-insecure"}} {
		p := start(t, append(flags, "--exec-time", "1ms")...)
		req, _ := http.NewRequest("GET", p.base+"/v1/customerinvoice/003501", nil)
		req.Header.Set("erp-api-background", hook.URL)
		if resp, body := get(t, req); resp.StatusCode != 202 {
			t.Fatalf("%s %s", resp.Status, body)
		}
		select {
		case <-notified:
		case <-time.After(20 * time.Second):
			t.Errorf("%v: no notification", flags)
		}
		if runtime.GOOS != "windows" {
			p.stop(syscall.SIGTERM)
		}
	}
}
