// Package conformance finds out whether a client of the Background API, or a
// receiver of its notifications, keeps the rules that protect from work done
// twice and from outcomes that are lost. The program under test, a candidate, is
// a process in any language: it is told by lines of JSON what to submit and what
// to await, while the mock that it calls misbehaves as a scenario says. What
// counts is what the mock saw; what the candidate says is compared with it.
//
// The page docs/conformance.md describes what a candidate reads and writes.
package conformance
