// Package fault has the rules by which a mock disturbs answers, operations and
// notifications.
//
// A [Rule] disturbs what it matches, as often as it says.
//
//	{On: OnIntake, Times: 2, Do: Answer{Status: 429, RetryAfter: time.Minute}}
//	{On: OnIntake, Every: 10, Do: Answer{Process: true, Drop: true}} // accepted, and the 202 is lost
//	{On: OnIntake, Do: Answer{Omit: []string{"id"}}}                 // a 202 without an id
//	{On: OnAuth, After: 5, Times: 1, Do: Answer{Status: 401}}        // the token expired meanwhile
//	{On: OnState, PerOperation: true, Times: 3, Do: Answer{Status: 404}}
//	{On: OnState, Do: Answer{Lag: time.Minute}}
//	{On: OnContent, Probability: 0.1, Do: Answer{CutAfter: 100}}
//	{Method: "POST", Do: Queue{Deaths: 1}}      // a worker died, the next one ends it
//	{Do: Notify{Early: true, Duplicates: 2}}    // before the 202, three times
//	{Do: Notify{Replay: true}}                  // and a forged one before it
//	{On: OnIntake, Do: Func(func(e Event) Effect { … })} // whatever it returns
//
// Rules are reproducible: whether one hits follows from the seed, the rule, and
// how many events of the company it has matched before. Calls that one company
// makes at the same moment are counted in the order in which they arrive, which
// the scheduler chooses.
//
// [Parse] reads rules from JSON. [Rules.Count] and [Rules.Hits] tell what became of
// them.
//
// In memory a dropped connection is the error that a TCP reset gives; on a
// socket it is a TCP reset, with HTTP/2 the reset of the stream. An answer that
// CutAfter cuts short ends without a reset in either case, so that what was
// written arrives.
package fault
