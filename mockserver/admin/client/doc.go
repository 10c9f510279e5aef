// Package adminclient is a client for the control of a mock over HTTP
// (package [github.com/vismanet-go/background/mockserver/admin]).
//
//	control, err := adminclient.New("http://127.0.0.1:8787", adminclient.Options{})
//	if err != nil { … }
//	clock, err := control.AdvanceClockWithResponse(ctx,
//		&adminclient.AdvanceClockParams{Company: new("7")}, adminclient.Advance{By: "24h"})
//	if err != nil { … } // an *Error, if the mock refused
//	fmt.Println(clock.JSON200.Now)
//
// Its types and methods are generated from the API's document, one method for
// each operation.
package adminclient
