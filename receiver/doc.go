// Package receiver takes in the notifications that the ERP sends when an
// operation in the background is done, and stores them before it answers.
//
//	rcv, err := receiver.New(receiver.Config{
//		Store:             st,                       // shared with the client
//		SigningKeys:       []string{key, oldKey},    // subscription mode
//		CapabilitySecrets: []string{secret},         // URL mode
//	})
//	rcv.Register(mux, "/webhooks/erp")
//
// [Receiver] is an [http.Handler] and works with any router; package
// ginreceiver mounts it in gin. It never calls the client: the store wakes
// whoever waits for the operation, in whichever process that is.
//
// # Two modes
//
// In subscription mode the vendor's dispatcher posts to one fixed path and
// signs the body. Our ref, which the client sent along, comes back as a
// header. In URL mode every operation has a URL of its own, whose last
// segment is a capability: it vouches for the ref and lets its holder say
// "poll this operation now", and nothing else, for two to three days.
//
// # Handlers
//
// Most programs need none: the client hears through the store. A program that
// wants the raw notifications gets them at least once, also after a crash if
// the store is durable:
//
//	rcv.Handle(func(ctx context.Context, n receiver.Notification) error { … })
//	err := rcv.Run(ctx)
//
// The notification and its work item are stored in one step. A failing handler
// is retried with growing, random waits; a dead letter stays listed by
// [Receiver.Dead] and comes back with [Receiver.Replay]. Any number of
// processes may run handlers on one store.
//
// # What is promised
//
//   - A 2xx means that the store has the notification; what could not be
//     stored is answered 503 with Retry-After, whatever went wrong, and a
//     sender that hangs up does not undo what it sent.
//   - A body that a middleware has read from before is not taken for the
//     notification: if fewer bytes come than were announced, or none of a body
//     without a length, the answer is 503 and an error in the log says what to
//     mend. If only a part is missing of a body without a length (chunked),
//     nothing tells it: URL mode stores the rest as it is, and in subscription
//     mode the signature does not fit.
//   - Nothing is stored that was not authenticated: by a valid signature over
//     the raw body, made with one of the keys, or by a valid capability, which
//     is checked before the body is read. Both comparisons take the same time
//     whatever is wrong. Without keys and secrets New makes no receiver, unless
//     Config.Unauthenticated asks for it by name. If a function that is to
//     return them fails, the answer is 503, and never that of a forgery.
//   - Authenticated bytes that make no sense are stored as they are, answered
//     2xx and logged as an error, because the real shape is not published.
//   - Body size, body time, JSON depth and memory per request are bounded, and
//     so is what one operation can make a handler do.
//   - A handler gets what was stored at least once. Not more than one process
//     at a time runs it for a notification, and its context ends when it no
//     longer may run. Neither a panic, nor runtime.Goexit, nor any outage of
//     the store ends other runs. A run counts when it begins, so that one which
//     takes its process with it ends among the dead after Config.MaxAttempts;
//     one that the drain cuts off is not counted.
//   - Capabilities are never stored or logged, and are taken out of the
//     path of a request that is routed to the receiver; [Redact] and [Conceal]
//     help with what runs before, and with webhooks that go astray. Bodies and
//     signatures are never logged.
//
// # What is not promised
//
//   - A notification is a hint, not proof. Only the body is signed: the id in
//     it is a candidate, the headers are claims. A recorded notification can
//     be replayed; the store recognises it as a duplicate. The client reads
//     the state with its own credentials before it believes anything.
//   - The header that names the tenant is such a claim. With Config.Tenant the
//     receiver answers for the tenants that it knows and refuses the others
//     with 403; a known one that is not the operation's makes a conflict and
//     wakes nobody.
//   - There is no order, and no promise that a notification comes at all: the
//     client also polls by itself.
//   - Handlers are not told of duplicates, nor of what contradicts the
//     operation's record, which keeps it as a conflict.
//   - Nothing is removed here. What came for operations that the store does
//     not know stays until client.Run, or the application with Purge of its
//     store, removes it after a day; beyond the store's limit, usually 10 000
//     for each tenant, what is new of them is answered 503.
//   - The number of requests served at a time is the server's to limit, as
//     are TLS, header sizes and idle connections: set ReadHeaderTimeout,
//     MaxHeaderBytes (the ERP needs less than 16 KiB) and IdleTimeout of
//     [http.Server].
package receiver
