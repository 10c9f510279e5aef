// Package durations learns how long the operations of a route run, from when
// the ERP received them until they finished.
//
// What is known of a route is a life table: for each of 128 classes of age, how
// many operations were seen in it and how many of them ended in it. An operation
// that still runs counts in the classes that it has passed. So the first ends,
// which are those of short operations, are not taken for all there is. Where
// nothing is known, a [prior] stands in, as if a few operations had been seen.
//
// A [Learner] holds the tables of one client. It shares them with other replicas
// and with its own next start through a document of the store. A [Durations] is
// what a schedule reads.
package durations
