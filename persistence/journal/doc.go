// Package journal is an append-only log of what rooms commit: many rooms, one
// write and one fdatasync for a whole batch of them.
//
// A journal is a folder of segments. What was appended is there after any
// crash, once, in order; what was not is not, and nothing is there by half. An
// append that the crash interrupted is cut off the end. Damage before the end
// is reported: the rooms whose entries still form an unbroken chain go on, the
// others are named with the reason.
package journal
