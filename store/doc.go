// Package store keeps the record of every operation: an ERP request that runs
// in the background. It is where the client and the webhook receiver meet:
// the receiver writes what it was told, the client is woken by the store, and
// neither knows the other, so both may live in different processes.
//
// # Facts and decisions
//
// Two kinds of change exist, and they are treated differently on purpose.
//
// A [Fact] is something that was observed: an id read from a 202, a terminal
// state read from the ERP, a notification that arrived. Facts always merge,
// whoever reports them and however late: a process that was stopped for an
// hour and wakes up with an accepted id in hand must not lose it.
//
// A [Decision] is something that a process chose: when to poll again, that
// the work is acknowledged, that it is given up. Decisions are fenced: they need
// a [Lease] that is still valid, so that a process which was presumed dead
// cannot undo what its successor decided. A lease is taken for a [Purpose]: the
// one that runs a handler counts the run in the same write.
//
// # Tenants
//
// Records belong to tenants, which never meet: keys and ids are unique within
// one. An empty tenant is refused everywhere but in a [Notification].
// [AnyTenant] stands for the records of all tenants in the methods that take
// it. [NoTenant] is the tenant of a notification of an unknown operation whose
// sender named none.
//
// # A person's word
//
// Where nothing tells what became of a call, a person does. An id that a person
// names binds a record tentatively: until the ERP has confirmed it, it can be
// named again or withdrawn ([Record.Tentative]). A person who knows the end
// tells it ([SettledFact]), also of an operation that expired and whose outcome
// was never learnt ([Record.Unlearnt]); if the ERP says otherwise later, that
// is kept as a conflict and replaces nothing. Only a person's word or a
// terminal state of the ERP takes a record out of [Unclear].
//
// # The outbox
//
// What is enqueued ([Store.Enqueue]) is stored with the body that it is to be sent
// with, and sent later, by whoever has it leased ([ToSend]) and decides so
// ([SendDecision]). What was certainly not taken is queued again ([NotTakenFact]),
// and so is what failed, by a decision ([RequeueDecision]), and what a person says
// was not accepted ([RejectedFact]). Such a word may be wrong: if a notification or
// an answer says otherwise before it is sent again, it is not sent. A refusal is an
// outcome like others, which a handler is told of.
//
// Operations of one [Sequence] are sent one after the other, each when the one
// before has succeeded. In the step that records the success the next one becomes
// due. Whatever else becomes of one stops its sequence.
//
// # Documents
//
// Beside the records a store keeps a [Document] here and there: small state
// that replicas share, such as what is left of a budget. It is changed by
// comparing and setting. A loss of power may take back the last writes: keep in
// it only what can bear that. A caller that got no answer to a write reads the
// document again: if the Version is the one from before, nothing was written;
// if not, the Body must tell whose write it was.
//
// # Clocks
//
// A clock that was ahead and was set right leaves times in a store that nobody
// should wait for. So they are not believed: a lease tells how long it was
// given for and is void if it begins more than [ClockSlack] ahead
// ([Lease.Valid]); no lease is longer than [MaxLease]; nothing is planned more
// than [MaxDue] ahead, and a record that is all the same reads as due
// ([Record.At]).
//
// # Writing an implementation
//
// The rules of what may follow what are written once, in [Rules]. An
// implementation provides atomic access to records ([Tx]), durability and
// wake-ups ([Hub]), and proves itself with the suite in package storetest. Its
// queries judge a record as it reads, see [Query.SelectsAt].
//
// # How Store and Tx grow
//
// Both may get methods in any version. That breaks nobody, because nobody can
// have one without embedding something that has it already, and the compiler
// sees to that:
//
//   - An implementation embeds [UnimplementedStore], and its step
//     [UnimplementedTx]. What it does not have yet returns
//     [errors.ErrUnsupported], and whoever calls it does without.
//   - A store that wraps another embeds that one as a Store and has the methods
//     that it changes. What comes later reaches the inner store unchanged; see
//     the example.
//
// There is no other way: no interface beside Store is asked for by a type
// assertion, which a wrapper would hide.
package store
