// Package gate decides who may call, by credentials, by what the profile
// demands and by rate limits; it also grants tokens. It says why a call is
// refused; the server answers.
package gate
