// Package openapi is the contract of the Visma.net ERP Background API: the two
// OpenAPI documents, and Go types for their schemas. It has no behaviour beyond
// JSON, does no I/O, and imports nothing but the standard library.
//
// [BackgroundYAML] is the source of truth: a call with the header
// erp-api-background is answered 202, and what it finally answers stands in the
// extension x-background-result. [ERPYAML] is derived from it: the same
// operations in the foreground. Packages openapi/background and openapi/erp
// hold a client for each, openapi/server the interface that a server of both
// implements, openapi/spec loads and checks the documents.
//
// # Reading
//
// The ERP writes null for what it does not have, leaves fields out, and is not
// consistent about either. So the types for reading have plain values: null,
// left out and zero are the same, and no nil check is ever needed. Where the
// difference matters, a field is a pointer ([BackgroundState.ErrorMessage]).
// Unknown fields are ignored, unknown words (a status that is new) are kept as
// they are.
//
// Times of the background API are a [Time], which reads them in every form that
// was seen. Dates of ERP documents have no zone and stay strings; [ParseTime]
// reads them too.
//
// # Writing
//
// The ERP wants every scalar wrapped as {"value": …}, and takes a field that is
// left out as "leave it as it is". In [CustomerInvoiceUpdate] these are pointers
// to a [Value]: nil leaves, [Set] sets, [Null] clears.
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
// That null clears a field is likely, and not documented by the vendor.
//
// # Money
//
// Numbers are decimals. What is read is a [Decimal], with all digits; what is
// written has no exponent, whatever it was set by: [Set] takes a float64, which
// is exact up to 15 digits, and [SetDecimal] takes digits. Calculate with the
// digits ([Decimal.Rat], or a decimal package), for 0.1 + 0.2 of float64
// variables is written as the 0.30000000000000004 that it is. An infinite
// number, or none, is an error that names the field.
package openapi
