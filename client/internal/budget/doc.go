// Package budget decides when a client may make an HTTP call: within the limits
// that the ERP tells of, the most urgent call first, and together with the other
// replicas that share a store.
//
// Every call takes its turn from a [Budget], with [Budget.Take] or
// [Budget.TryTake], and ends with [Budget.Answered], [Budget.Failed] or
// [Budget.Return]. While no limit is known that costs two short mutexes. A call that is
// made as a part of another, for a token, is counted with [Budget.Charge] and never
// waits: the other one would wait for it with a turn in its hand.
//
// [Budget.State] tells what is known, [Budget.Delay] how long a poll is going to wait,
// and [Budget.Load] whether a window can carry what is pending.
//
// # A window
//
// A limit allows so many calls in a window. What is known of one goes through
// these states:
//
//	           an answer tells of it
//	unknown ──────────────────────────► open ◄───────────────────────────────┐
//	   ▲                                 │ │                                 │
//	   │                    used up      │ │ its end has come                │ an answer tells
//	   │               ┌─────────────────┘ └──────────┐                      │ of the next one
//	   │               ▼                              ▼                      │
//	   │             spent ──── its end, and ───► leftovers: go on with ─────┤
//	   │               │        a second             what was left           │
//	   │               ▼                              │ used up              │
//	   └──────────── probed: one call of all replicas ◄───────────────────────
//	the answer         finds out; the others wait for its answer, then a few
//	tells of none      begin, and more with each answer
//
// The books of an open window are: limit = calls made + calls in the slices of
// replicas, and under way + calls left. A remainder that is told is taken into them
// only if it is lower: then others call as well. So a remainder that jumps up, or an
// answer that comes late, gives nothing away. Windows whose ends lie within 5 s of
// each other are one. What an answer tells of another window is believed once three
// in a row say so.
//
// A 429, and a 503 that says for how long, pause all calls, for an hour at most.
// Where nobody says for how long it is a minute, and twice as long each time that
// the first call afterwards is refused as well. A pause ends with a probe.
//
// Before the first answer 16 calls are under way at most, for a second at most.
//
// # Who may use what
//
// What is known to have ended, or is overdue, may use all of a window. Submits leave
// a fiftieth of it to that. Scheduled polls and verifications leave to submits what
// these have not had of a tenth yet, but a fiftieth at least; in the second half of
// a window that shrinks with the time that is left, so that a window that is used
// evenly is used up at its end.
//
// That alone would let polls eat a window and then stop until the next one.
// [Budget.Scarcity] is what keeps them from it: a schedule polls later as it rises.
//
// An answer may name its policy, and an ERP may have several. A class of calls is
// bound by those that its answers named, and by all of them before the first.
//
// # Replicas
//
// They share one document of the store for each tenant, origin and application. It
// holds the windows, who has leased how many calls of them until when, a pause, and
// who makes the probe, and how much work each replica has. A replica leases a slice with one write, a fiftieth of a
// window at most and less towards its end, and then grants calls by itself. A slice
// ends after a minute. What it held is then counted on again as soon as an answer
// has told of a remainder that nobody has leased from since; a budget that is closed
// gives it back at once.
//
// All times in the document are the store's, so that clocks may differ. A pause or
// an end more than an hour ahead is void, a document that cannot be read is written
// anew, and one of a newer version is left alone.
//
// A store that fails stops nobody: each replica goes on by what it knows, and by
// what the answers tell, as replicas without a store do. It costs a few refused calls
// at the end of a window.
package budget
