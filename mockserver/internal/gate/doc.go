// Package gate decides who may call: credentials and the grant of tokens, what the
// profile demands, and limits. It says why not; the server answers.
package gate
