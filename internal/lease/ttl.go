package lease

import "time"

// TTL is for how long the lease of an attempt to send, or of a run of a handler, counts
// after it was asked for. It is a variable for the tests with real processes alone, which
// set it before they make a client: they have to wait until it is over.
var TTL = 30 * time.Second
