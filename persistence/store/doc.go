// Package store keeps record rooms on disk: a data folder with one journal for
// all rooms and one B+tree file that checkpoints go to.
//
// A room is a set of ordered key spaces with one sequence number. The store does
// not know what keys and values mean. A commit is appended to the journal with
// whatever other rooms commit at the same time, one sync for all of them, and
// stays in memory until a checkpoint has written it to the B+tree; then the
// journal is cut. Keys of the collections' spaces are also in the change log,
// which answers what has changed since a sequence.
//
// Goroutines: one committer and one checkpointer for an open [Store]; Close
// ends both.
package store
