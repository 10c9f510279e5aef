// Package ginreceiver mounts a [receiver.Receiver] in a gin router.
//
//	router := gin.New()
//	router.Use(ginreceiver.Logger(), gin.Recovery())
//	ginreceiver.Mount(router, "/webhooks/erp", rcv)
//
// The user's middleware, groups and engine settings stay in force. In
// particular a middleware that consumes or replaces the body takes it from the
// receiver, which needs the raw bytes: such a webhook is answered 503 and
// logged as an error. Mount the receiver in a group without that middleware.
//
// # Capabilities and logs
//
// In URL mode the last segment of the path is a secret for two to three days.
// The receiver takes it out of the request when it runs, but gin's own logger
// notes the path before that. So do not use it, or [gin.Default], which
// installs it, in front of a mounted receiver: use [Logger], or [Conceal]
// before a logger of your own. Both also keep capabilities out of the request
// that [gin.Recovery] dumps in debug mode.
//
// The receiver sees only what is routed to it: see [Mount]. A webhook that goes
// astray, because a proxy rewrites the path, the address has a typing error or
// the method is another one, ends in gin's NoRoute or NoMethod with the secret
// still in it, and is logged there. [Logger] and [Conceal] go by the form of
// the secret and not by the route, so they cover these too, if they stand
// first: on the engine, before every other middleware and not on the receiver's
// group alone.
//
// Binaries are about 7 MB smaller when built with -tags nomsgpack, which
// leaves out a part of gin that is not needed here.
package ginreceiver
