package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/url"
	"os"
	"slices"
	"time"
)

// tlsFiles are what the mock serves HTTPS with.
type tlsFiles struct {
	cert, key  string
	selfSigned bool
}

// config returns how the mock serves HTTPS, nil if it serves HTTP. Hosts are the
// names of a certificate that is made.
func (f tlsFiles) config(hosts []string) (*tls.Config, error) {
	switch {
	case f.selfSigned && f.cert == "" && f.key != "":
		return nil, errors.New("--tls-key: --tls-cert is missing, where the certificate is kept")
	case f.selfSigned:
		return f.development(hosts, time.Now())
	case f.cert == "" && f.key == "":
		return nil, nil
	case f.key == "":
		return nil, errors.New("--tls-cert: --tls-key is missing; with --tls-self-signed both are made")
	case f.cert == "":
		return nil, errors.New("--tls-key: --tls-cert is missing; with --tls-self-signed both are made")
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert, --tls-key: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}}, nil
}

// development makes a certificate, or takes the one of before.
func (f tlsFiles) development(hosts []string, now time.Time) (*tls.Config, error) {
	if f.key != "" {
		pair, err := tls.LoadX509KeyPair(f.cert, f.key)
		switch {
		case err == nil && stillGood(pair.Leaf, hosts, now):
			return &tls.Config{Certificates: []tls.Certificate{pair}}, nil
		case err == nil && !isDevelopment(pair.Leaf):
			return nil, fmt.Errorf("--tls-self-signed: %s is a certificate that erpmock did not make: leave out --tls-self-signed to use it, or name another file", f.cert)
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("--tls-cert, --tls-key: %w", err)
		}
	}
	cert, key, err := newCertificate(hosts, now)
	if err != nil {
		return nil, fmt.Errorf("--tls-self-signed: %w", err)
	}
	if f.key != "" {
		if err := writeWhole(f.key, string(key), 0o600); err != nil {
			return nil, fmt.Errorf("--tls-key: %w", err)
		}
	}
	if f.cert != "" {
		if err := writeWhole(f.cert, string(cert), 0o644); err != nil {
			return nil, fmt.Errorf("--tls-cert: %w", err)
		}
	}
	pair, err := tls.X509KeyPair(cert, key)
	return &tls.Config{Certificates: []tls.Certificate{pair}}, err
}

// developer is in the subject of certificates that erpmock makes.
const developer = "erpmock, for development only"

func isDevelopment(cert *x509.Certificate) bool {
	return slices.Contains(cert.Subject.Organization, developer)
}

// stillGood reports whether a certificate of before is for all hosts, and for
// another day at least.
func stillGood(cert *x509.Certificate, hosts []string, now time.Time) bool {
	return isDevelopment(cert) && now.After(cert.NotBefore) && now.Add(24*time.Hour).Before(cert.NotAfter) &&
		!slices.ContainsFunc(hosts, func(host string) bool { return cert.VerifyHostname(host) != nil })
}

// newCertificate makes a certificate that signs itself, and can thus be trusted by
// itself, and its key.
func newCertificate(hosts []string, now time.Time) (cert, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{Organization: []string{developer}, CommonName: hosts[0]},
		NotBefore:    now.Add(-time.Hour), // for clocks that are slow
		NotAfter:     now.AddDate(0, 3, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA:         true, BasicConstraintsValid: true, MaxPathLenZero: true,
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return nil, nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), nil
}

// certificateHosts are the names by which what listens on an address may be called.
func certificateHosts(address, externalURL string) []string {
	hosts := []string{"localhost", "127.0.0.1", "::1"}
	if host, _, err := net.SplitHostPort(address); err == nil && host != "" && host != "localhost" && !net.ParseIP(host).IsUnspecified() {
		hosts = append(hosts, host)
	}
	if u, err := url.Parse(externalURL); err == nil && u.Hostname() != "" {
		hosts = append(hosts, u.Hostname())
	}
	if name, err := os.Hostname(); err == nil && name != "" {
		hosts = append(hosts, name) // other containers call one by it
	}
	slices.Sort(hosts[3:])
	return slices.Compact(hosts)
}

// trust is which servers are trusted that the mock calls.
type trust struct {
	files    []string
	insecure bool
}

// config returns it for the mock, nil if it is as the system has it. Flag is the name
// of the flag that names files.
func (t trust) config(flag string) (*tls.Config, error) {
	if len(t.files) == 0 {
		if t.insecure {
			return &tls.Config{InsecureSkipVerify: true}, nil // as the flag asks for
		}
		return nil, nil
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	for _, name := range t.files {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("--%s: %w", flag, err)
		}
		if !roots.AppendCertsFromPEM(bytes.TrimSpace(data)) {
			return nil, fmt.Errorf("--%s: %s has no certificate in PEM: it would begin with -----BEGIN CERTIFICATE-----", flag, name)
		}
	}
	return &tls.Config{RootCAs: roots, InsecureSkipVerify: t.insecure}, nil
}
