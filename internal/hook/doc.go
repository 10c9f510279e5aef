// Package hook holds what the client and the receiver must agree on without
// importing each other: how an operation's ref travels to the webhook and back.
// In subscription mode it is a pair of the erp-api-background header, which the
// sender turns into a header of the notification; in URL mode it is part of a
// capability, which is the last segment of a webhook URL made for one
// operation.
//
// Every function is pure apart from [NewRef], and safe for concurrent use.
package hook
