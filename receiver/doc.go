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
// "look at this operation now", and nothing else, for two to three days.
//
// # What is promised
//
//   - A 2xx means that the store has the notification; what could not be
//     stored is answered 503 with Retry-After, whatever went wrong, and a
//     sender that hangs up does not undo what it sent.
//   - Nothing is stored that was not authenticated: by a valid signature over
//     the raw body, made with one of the keys, or by a valid capability, which
//     is checked before the body is read. Both comparisons take the same time
//     whatever is wrong. Without keys and secrets there is no receiver, unless
//     Config.Unauthenticated asks for it by name.
//   - Authenticated bytes that make no sense are stored as they are, answered
//     2xx and logged as an error, because the real shape is not published.
//   - Body size, body time and memory per request are bounded.
//   - Capabilities are never stored or logged, and are taken out of the
//     request's path; [Redact] and [Conceal] help with what runs before.
//     Bodies and signatures are never logged.
//
// # What is not
//
//   - A notification is a hint, not proof. Only the body is signed: the id in
//     it is a candidate, the headers are claims. A recorded notification can
//     be replayed; the store recognises it as a duplicate. The client reads
//     the state with its own credentials before it believes anything.
//   - There is no order, and no promise that a notification comes at all: the
//     client also looks by itself.
//   - The number of requests served at a time is the server's to limit, as
//     are TLS, header sizes and idle connections.
package receiver
