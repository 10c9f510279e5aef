// Package mockservertest helps tests that use a mock ERP: it starts one that
// ends with the test, collects the notifications, and checks what arrived.
//
//	func TestMyCode(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			srv := mockservertest.Start(t, mockserver.Config{})
//			callMyCode(srv.URL(), srv.Client())
//			mockservertest.RequireRequest(t, srv, mockservertest.Request{
//				Method: "POST", Path: "/v2/customerinvoice",
//				Body: `{"customerNumber":{"value":"10045"}}`,
//			})
//			mockservertest.RequireDelivered(t, srv, mockservertest.Delivery{Path: "/v2/customerinvoice"})
//			mockservertest.RequireNoMore(t, srv, mockservertest.Request{})
//		})
//	}
//
// [Start] needs no sockets and works in a testing/synctest bubble; with
// [StartSocket] mock and receiver have real addresses. In both the value
// "subscription" of the background header notifies [Server.Hook], and so does
// its URL.
//
// # Requirements
//
// [Request], [Operation] and [Delivery] say what is wanted; a field that is
// zero wants nothing. RequireRequest, RequireOperation and RequireDelivered wait
// for it, and return it. What they returned is taken: the same requirement
// again wants another one, and RequireNoMore looks at what is left. When they
// fail the test they name what came closest, and where it differs.
//
// They wait for Within, 10 s unless it is set, by checking again and again, at
// intervals that grow with the time that has passed. In a bubble that costs
// nothing, but the time may move on by up to 2 % more than was needed. Like
// testing.T.FailNow they belong in the goroutine of the test.
package mockservertest
