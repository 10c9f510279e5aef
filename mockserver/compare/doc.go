// Package compare makes the same harmless calls to two servers and tells where
// their answers differ: a mock and the real ERP, or two versions of either.
//
//	report, err := compare.Run(ctx, compare.Options{
//		Left:  compare.Target{URL: "http://127.0.0.1:8787"},
//		Right: compare.Target{URL: "https://api.finance.visma.net", Token: token},
//	})
//	report.WriteTo(os.Stdout)
//
// All calls are GETs, in the foreground and in the background, of customer invoices
// and of operations that the calls themselves have made. They are about thirty for
// each server, one after the other, and they stop before a server's limit is used
// up. Nobody is notified.
//
// A report may be shown to others: it tells of statuses, of headers, of the names of
// fields and of the kinds of their values ("a time with an offset", "null"), and
// never holds a value that a server has sent. Whatever it says stands in this
// package or in the contract. What each difference settles of what is not known of
// the real system is named too, as a switch of package profile; docs/wire-questions.md
// goes through all of them.
package compare
