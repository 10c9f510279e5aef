package main

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"maps"
	"net"
	"strings"
	"testing"
	"time"
)

// production is an environment in which nothing is missing.
func production() map[string]string {
	return map[string]string{
		"API_TOKEN": apiToken, "ERP_URL": "https://api.finance.visma.net", "ERP_TENANT_ID": "t", "ERP_CLIENT_ID": "c",
		"ERP_CLIENT_SECRET": "hush-hush-hush-hush", "WEBHOOK_SIGNING_KEYS": signingKey + ", another-signing-key",
	}
}

func parse(env map[string]string, args ...string) (config, error) {
	return parseConfig(args, func(name string) string { return env[name] }, io.Discard)
}

func TestTheSettingsAreRead(t *testing.T) {
	env := production()
	maps.Copy(env, map[string]string{
		"ADDR": "127.0.0.1:1", "DATA_DIR": "/data", "TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.1/32", "RELEASE": "false",
		"SHUTDOWN_TIMEOUT": "1m",
	})
	c, err := parse(env, "-addr", ":2", "--release=true")
	if err != nil {
		t.Fatal(err)
	}
	if c.addr != ":2" || !c.release || c.opsAddr != ":9090" || c.dataDir != "/data" || len(c.proxies) != 2 || c.shutdown != time.Minute || len(c.signingKeys) != 2 || c.signingKeys[1] != "another-signing-key" {
		t.Errorf("got %+v", c)
	}
	if _, err := parse(nil, "--mock"); err != nil {
		t.Errorf("the mock needs nothing: %v", err)
	}
}

func TestEveryFaultOfTheSettingsIsNamedAtOnce(t *testing.T) {
	tests := map[string]struct {
		set  map[string]string
		args []string
		want []string
	}{
		"nothing": {
			map[string]string{"API_TOKEN": "", "ERP_URL": "", "ERP_TENANT_ID": "", "ERP_CLIENT_ID": "", "ERP_CLIENT_SECRET": "", "WEBHOOK_SIGNING_KEYS": ""},
			nil,
			[]string{"API_TOKEN: must be set", "ERP_URL: must be set", "ERP_TENANT_ID: must be set", "ERP_CLIENT_ID: must be set", "ERP_CLIENT_SECRET: must be set", "WEBHOOK_SIGNING_KEYS: must be set"},
		},
		"values": {map[string]string{
			"ADDR": "8080", "OPS_ADDR": "x:", "SHUTDOWN_TIMEOUT": "25", "RELEASE": "ja", "NOTIFY": "email", "TRUSTED_PROXIES": "10.0.0.1",
			"ERP_URL": "http://erp.example.com", "ERP_TOKEN_URL": "connect", "WEBHOOK_URL": "https://me:pw@example.com/x", "API_TOKEN": "short",
			"WEBHOOK_SIGNING_KEYS": signingKey + ",short", "WEBHOOK_SECRETS": "short",
		}, nil, []string{
			`ADDR: "8080": want host:port`, `OPS_ADDR: "x:": want`, "SHUTDOWN_TIMEOUT: ", "RELEASE: ", "NOTIFY: ", "TRUSTED_PROXIES: ", "ERP_URL: http://erp.example.com: must be https", "ERP_TOKEN_URL: ",
			"WEBHOOK_URL: ", "API_TOKEN: ", "WEBHOOK_SIGNING_KEYS: number 2 has 5 bytes", "WEBHOOK_SECRETS: number 1 has",
		}},
		"url mode":        {map[string]string{"NOTIFY": "url"}, nil, []string{"WEBHOOK_URL: must be set", "WEBHOOK_SECRETS: must be set"}},
		"too long":        {map[string]string{"SHUTDOWN_TIMEOUT": "48h"}, nil, []string{"SHUTDOWN_TIMEOUT: must be between"}},
		"trusts everyone": {map[string]string{"TRUSTED_PROXIES": "0.0.0.0/0"}, nil, []string{"TRUSTED_PROXIES: "}},
		"mock and ERP":    {nil, []string{"--mock"}, []string{"ERP_URL: the mock takes its place"}},
		"an argument":     {nil, []string{"serve"}, []string{`argument "serve"`}},
		"a secret's flag": {nil, []string{"-api-token", "x"}, []string{"flag provided but not defined: -api-token"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			env := production()
			maps.Copy(env, tt.set)
			_, err := parse(env, tt.args...)
			if err == nil {
				t.Fatal("nothing is wrong")
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(tt.want) {
				t.Errorf("got %d faults, want %d:\n%v", len(lines), len(tt.want), err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in\n%v", want, err)
				}
			}
			for _, never := range []string{"hush", signingKey, "me:pw", "short"} {
				if strings.Contains(err.Error(), never) {
					t.Errorf("%q is shown", never)
				}
			}
		})
	}
}

func TestHelpListsEverySetting(t *testing.T) {
	var out bytes.Buffer
	err := run(t.Context(), []string{"-help"}, func(string) string { return "" }, io.Discard, &out)
	if !errors.Is(err, flag.ErrHelp) {
		t.Errorf("got %v", err)
	}
	for _, s := range settings {
		if !strings.Contains(out.String(), s.env) {
			t.Errorf("no %s in\n%s", s.env, &out)
		}
	}
}

func TestAnAddressThatIsTakenIsNamed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	env := production()
	for name, other := range map[string]string{"ADDR": "OPS_ADDR", "OPS_ADDR": "ADDR"} {
		env[name], env[other] = l.Addr().String(), "127.0.0.1:0"
		err := run(t.Context(), nil, func(name string) string { return env[name] }, io.Discard, io.Discard)
		if err == nil || !strings.HasPrefix(err.Error(), name+": ") {
			t.Errorf("got %v, want %s", err, name)
		}
	}
}

// A data directory that cannot be made, or that belongs to something else,
// ends the program before it serves.
func TestADirectoryThatCannotBeUsedIsSaidSo(t *testing.T) {
	env := production()
	env["ADDR"], env["OPS_ADDR"], env["DATA_DIR"] = "127.0.0.1:0", "127.0.0.1:0", "config_test.go/x"
	err := run(t.Context(), nil, func(name string) string { return env[name] }, io.Discard, io.Discard)
	if err == nil || !strings.HasPrefix(err.Error(), "DATA_DIR: ") {
		t.Errorf("got %v", err)
	}
}
