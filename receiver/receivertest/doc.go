// Package receivertest sends what the ERP's webhook dispatcher would send, to
// a receiver under test: in memory or to a URL, in subscription mode or in URL
// mode.
//
//	sender := receivertest.Sender{Handler: mux, URL: "https://hooks.test/webhooks/erp", Key: key}
//	status, err := sender.Send(ctx, receivertest.Notice{ID: id, StatusCode: 201})
//
// [Sender.Deliver] sends many, and misbehaves as a [Plan] says: it drops,
// duplicates, delays, reorders, forges and retries, the same way each time for
// the same seed. With a Handler there are no sockets, so that all of it works
// in a testing/synctest bubble, in virtual time.
//
// The shape of the ERP's real notification is not published; the one made here
// is the likely one. [Notice].Body sends any other.
package receivertest
