// Package records makes record rooms: durable shared data with one writer,
// live queries, permissions and exactly-once writes. docs/records.md is its
// contract, rule by rule.
//
// A [Room] is what a user writes: a world of collections, who may read and
// write them, and mutations. [Define] names it. A [Machine] is one room of that
// kind: a pure state machine that takes an [Op] and says in an [Outbox] what to
// make durable and what may leave then. It does no I/O, reads no clock and
// starts no goroutine; whoever runs it calls it one op at a time.
package records
