// Package record keeps what a game room did, so that it can be replayed.
//
// A recording is a folder of segments. Every segment is a file that stands on
// its own: a header (which build, rules, schema and room), a snapshot of the
// room, and then every input in the order in which the room used it, with the
// full state hash after each tick. Loading the snapshot and applying the inputs
// must reproduce every hash.
//
// The room's loop writes through a [Writer], which never blocks; one [Recorder]
// per data folder does the file work in a goroutine of its own and enforces the
// limits on size and age. [Open] reads a recording back: a [Segment] that it
// returns has been checked from its first byte to its last.
//
// The package knows nothing of games. Snapshots, payloads, options and schema
// are opaque bytes. docs/recording.md specifies the format.
package record
