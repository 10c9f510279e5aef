// Package openapi is the contract of the Visma.net ERP Background API: its
// OpenAPI documents, and Go types for their schemas. It has no behaviour beyond
// JSON, does no I/O, and imports nothing but the standard library.
//
// [BackgroundYAML] is the source of truth: a call with the header
// erp-api-background is answered 202, and the extension x-background-result
// says what it finally answers. [ERPYAML] is derived from it and has the same
// operations in the foreground; [Background31YAML] is the first in OpenAPI 3.1.
// Packages openapi/background and openapi/erp hold a client for each view,
// openapi/server holds the interface that a server of both implements, and
// openapi/spec loads and checks the documents. Package openapi/vectors has what
// clients in any language read alike, as data.
//
// # Reading
//
// The ERP writes null for what it does not have, leaves fields out, and is not
// consistent about either. So the types for reading have plain values: null,
// left out and zero are the same, and no nil check is ever needed. Where the
// difference matters, a field is a pointer ([BackgroundState.ErrorMessage]).
// Unknown fields are ignored; unknown words (a new status, for example) are
// kept as they are.
//
// Times of the background API are a [Time], which reads them in every form that
// was seen. Dates of ERP documents have no zone and stay strings; [ParseTime]
// reads them too.
//
// # Writing
//
// The ERP wants every scalar wrapped as {"value": …}, and does not change a
// field that is left out. In [CustomerInvoiceUpdate] fields are pointers to a
// [Value]: nil leaves a field as it is, [Set] sets it, [Null] clears it.
//
//	openapi.CustomerInvoiceUpdate{
//		CustomerNumber: openapi.Set("10045"),
//		DocumentDate:   openapi.Set("2026-09-01"),
//		InvoiceLines: []openapi.CustomerInvoiceUpdateLine{{
//			Operation:       openapi.LineOperationInsert,
//			InventoryNumber: openapi.Set("SYK-01"),
//			Quantity:        openapi.Set(2.0),
//		}},
//	}
//
// That null clears a field is likely, but the vendor does not document it.
//
// # Money
//
// Numbers are decimals. They are read as a [Decimal], with all digits, and
// written without an exponent: [Set] takes a float64, which is exact up to 15
// digits, and [SetDecimal] takes digits. Calculate with the digits
// ([Decimal.Rat], or a decimal package): 0.1 + 0.2 in float64 variables is
// written as 0.30000000000000004. A number that is infinite or not a number is
// an error that names the field.
package openapi
