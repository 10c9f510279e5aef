package main

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/vismanet-go/background/examples/anyoperation/supplierinvoice"
	"github.com/vismanet-go/background/openapi"
)

func TestOperationsOutsideTheContractRunInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := mock()
		defer erp.Close()
		var out strings.Builder
		if err := run(t.Context(), erp, &out); err != nil {
			t.Fatal(err)
		}
		const want = "the ERP made a supplier invoice of supplier 50021\nanother one is over 0.3\n"
		if out.String() != want {
			t.Errorf("it prints %q, want %q", out.String(), want)
		}
		var calls []string
		for _, op := range erp.Operations() {
			calls = append(calls, op.Method+" "+op.Path)
		}
		if len(calls) != 3 || calls[0] != "POST /v1/supplierInvoice" || !strings.HasPrefix(calls[1], "GET /v1/supplierInvoice/") {
			t.Errorf("operations in the background: %q, want a POST and two GETs", calls)
		}
	})
}

func TestAmountsKeepTheirDigits(t *testing.T) {
	line := supplierinvoice.SupplierInvoiceLineUpdateDto{Quantity: &supplierinvoice.DtoValueDecimal{Value: new(openapi.Decimal("0.10"))}}
	req, err := supplierinvoice.NewSupplierInvoiceCreateRequest("/", supplierinvoice.SupplierInvoiceUpdateDto{InvoiceLines: &[]supplierinvoice.SupplierInvoiceLineUpdateDto{line}})
	if err != nil {
		t.Fatal(err)
	}
	var body strings.Builder
	if err := req.Write(&body); err != nil {
		t.Fatal(err)
	}
	const want = `{"invoiceLines":[{"quantity":{"value":0.10}}]}`
	if !strings.HasSuffix(body.String(), want) {
		t.Errorf("sent %s, want %s: what is not set is left out", body.String(), want)
	}
}
