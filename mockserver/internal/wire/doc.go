// Package wire describes the ERP's background API on the wire: the grammar of
// its header, its documents and times, ids, and the signature of notifications.
//
// It knows nothing of a server. What the real system leaves open comes in plain
// structures such as [PairRules] and [Times], which the server fills from its
// profile.
package wire
