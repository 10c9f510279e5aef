// Package admin controls a mock over HTTP, from any language: faults, time, the
// queue, notifications, settings, the journal, and requirements that wait.
//
//	control, err := admin.Mount(srv, admin.Config{})
//	if err != nil { … }
//	fmt.Println(control.Token()) // for calls that do not come over loopback
//
// The API is below /__mock/v1; openapi.yaml describes it, which is also served,
// at /__mock/v1/openapi.yaml, and at /__mock/v1/docs for people. The contract of
// the ERP is at /__mock/docs, /__mock/openapi.yaml and .json, in OpenAPI 3.1 at
// /__mock/openapi-3.1.yaml, and in the foreground at /__mock/erp.yaml.
// Package [github.com/vismanet-go/background/mockserver/admin/client] is a client
// in Go.
//
// # Safety
//
// A page that is open in a browser of the same machine can send requests to
// loopback. So the API answers only
//
//   - requests whose Host is the mock's own: a loopback name or address, the
//     address that the connection came to, or one of Config.Hosts. A page that
//     had its own name lead to loopback (DNS rebinding) has another one;
//   - requests that do not come from a page of another origin
//     ([http.CrossOriginProtection]);
//   - bodies that say that they are JSON, which no form of a page does;
//   - with the token, where the connection does not come over loopback or was
//     forwarded by a proxy.
//
// What does not come over a socket at all, as with [mockserver.Server.Client],
// is this process itself and may do everything. Config.CORSOrigins of the mock is
// about the ERP and opens nothing here. What is refused says why, and what to do.
//
// Requests in the journal are shown without the values of Authorization, Cookie
// and Proxy-Authorization, and subscriptions without their keys.
package admin
