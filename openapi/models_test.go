package openapi_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/openapi"
)

// The golden files are the wire form: they are compared as they are, and never
// written by a test.
func TestTheGoTypesReadAndWriteTheWireForm(t *testing.T) {
	for name, target := range map[string]any{
		"accepted":       new(openapi.BackgroundAccepted),
		"state-running":  new(openapi.BackgroundState),
		"state-finished": new(openapi.BackgroundState),
		"state-observed": new(openapi.BackgroundState),
		"state-failed":   new(openapi.BackgroundState),
		"notification":   new(openapi.BackgroundNotification),
	} {
		t.Run(name, func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join("testdata", name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(want, target); err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			enc := json.NewEncoder(&got)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			if err := enc.Encode(target); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("got\n%s\nwant\n%s", got.Bytes(), want)
			}
		})
	}
}

func TestAStateOfTheERPIsReadWhateverItLeavesOut(t *testing.T) {
	var want openapi.BackgroundState
	want.ID, want.Status = "73ac0029-1e4f-4adc-a7eb-318cd25ba4bf", openapi.StatusStarted
	for _, in := range []string{
		`{"id":"73ac0029-1e4f-4adc-a7eb-318cd25ba4bf","status":"Started"}`,
		`{"id":"73ac0029-1e4f-4adc-a7eb-318cd25ba4bf","status":"Started","statusCode":null,"receivedUtc":null,"startedUtc":null,
		  "finishedUtc":null,"webhookAddress":null,"errorMessage":null,"reference":null,"originalUri":null,"hasResponseContent":null,
		  "hasRequestContent":null,"contentLocation":null,"responseHeaders":null}`,
		`{"id":"73ac0029-1e4f-4adc-a7eb-318cd25ba4bf","status":"Started","startedUtc":"0001-01-01T00:00:00",
		  "finishedUtc":"0001-01-01T00:00:00","somethingNew":{"a":[1]}}`,
	} {
		var got openapi.BackgroundState
		if err := json.Unmarshal([]byte(in), &got); err != nil {
			t.Errorf("%s: %v", in, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", in, got, want)
		}
	}
}

func TestAnInvoiceWritesItsSwitchesAndNumbersAndLeavesOutTheRest(t *testing.T) {
	got, err := json.Marshal(openapi.NumberName{Number: "10045"})
	if want := `{"number":"10045"}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	got, err = json.Marshal(openapi.CustomerInvoice{ReferenceNumber: "003547"})
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(got, &fields); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{"referenceNumber": "003547", "hold": false, "balance": 0.0, "errorInfo": nil} {
		if got, ok := fields[name]; !ok || got != want {
			t.Errorf("%s: got %v, %v, want %v", name, got, ok, want)
		}
	}
	for _, name := range []string{"customer", "invoiceLines", "note", "metadata", "documentDate"} {
		if got, ok := fields[name]; ok {
			t.Errorf("%s: got %v, want it left out", name, got)
		}
	}
}

func TestAnUpdateTellsLeaveFromClearFromSet(t *testing.T) {
	tests := []struct {
		name string
		in   openapi.CustomerInvoiceUpdate
		want string
	}{
		{"leave", openapi.CustomerInvoiceUpdate{}, `{}`},
		{"clear", openapi.CustomerInvoiceUpdate{Note: openapi.Null[string]()}, `{"note":{"value":null}}`},
		{"set", openapi.CustomerInvoiceUpdate{Note: openapi.Set("")}, `{"note":{"value":""}}`},
		{"set false", openapi.CustomerInvoiceUpdate{Hold: openapi.Set(false)}, `{"hold":{"value":false}}`},
		{"nested", openapi.CustomerInvoiceUpdate{
			BillingAddress: openapi.Set(openapi.AddressUpdate{City: openapi.Set("Bergen")}),
		}, `{"billingAddress":{"value":{"city":{"value":"Bergen"}}}}`},
		{"line", openapi.CustomerInvoiceUpdate{InvoiceLines: []openapi.CustomerInvoiceUpdateLine{{
			Operation: openapi.LineOperationInsert, Quantity: openapi.Set(2.0),
		}}}, `{"invoiceLines":[{"operation":"Insert","quantity":{"value":2}}]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := json.Marshal(tt.in)
			if err != nil || string(got) != tt.want {
				t.Fatalf("got %s, %v, want %s", got, err, tt.want)
			}
			var back openapi.CustomerInvoiceUpdate
			if err := json.Unmarshal(got, &back); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(back, tt.in) {
				t.Errorf("read back %+v, want %+v", back, tt.in)
			}
		})
	}
}

func TestGetOfAValueIsSafeWhateverIsThere(t *testing.T) {
	tests := []struct {
		name string
		in   *openapi.Value[int]
		want int
		ok   bool
	}{
		{"left out", nil, 0, false},
		{"null", openapi.Null[int](), 0, false},
		{"zero", openapi.Set(0), 0, true},
		{"set", openapi.Set(7), 7, true},
	}
	for _, tt := range tests {
		if got, ok := tt.in.Get(); got != tt.want || ok != tt.ok {
			t.Errorf("%s: got %v, %v, want %v, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}

func TestTheDocumentsAreTheFilesAndTheCallersOwn(t *testing.T) {
	for file, get := range map[string]func() []byte{
		"background.yaml": openapi.BackgroundYAML,
		"erp/erp.yaml":    openapi.ERPYAML,
		"index.html":      openapi.ReferencePage,
	} {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got := get()
		if !bytes.Equal(got, want) {
			t.Errorf("%s: embedded is another one", file)
		}
		got[0] ^= 0xff
		if !bytes.Equal(get(), want) {
			t.Errorf("%s: a caller could change it for others", file)
		}
	}
}

// The reference page weighs more than all the rest.
func TestTheReferencePageIsLinkedOnlyWhereItIsUsed(t *testing.T) {
	if testing.Short() {
		t.Skip("builds two programs")
	}
	for use, want := range map[string]bool{"len(openapi.BackgroundYAML())": false, "len(openapi.ReferencePage())": true} {
		dir := t.TempDir()
		source := "package main\n\nimport \"github.com/vismanet-go/background/openapi\"\n\nfunc main() { println(" + use + ") }\n"
		if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		program := filepath.Join(dir, "program")
		out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, filepath.Join(dir, "main.go")).CombinedOutput()
		if err != nil {
			t.Fatalf("go build: %v\n%s", err, out)
		}
		binary, err := os.ReadFile(program)
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.Contains(binary, []byte(`<script id="redoc-bundle">`)); got != want {
			t.Errorf("%s: page linked %v, want %v", use, got, want)
		}
	}
}

func TestPackageOpenapiImportsNothingBeyondTheStandardLibrary(t *testing.T) {
	if got := testkit.Links(t, "."); !slices.Equal(got, []string{"github.com/vismanet-go/background/openapi"}) {
		t.Errorf("links %s, want only itself", got)
	}
}
