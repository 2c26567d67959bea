// Package table keeps the rows of a record room in memory: ordered by primary
// key, found by unique and secondary indexes, changed in transactions that can
// be undone, and read by queries through the best index.
//
// A [Set] holds one [Table] for each collection. One goroutine at a time owns a
// Set and all that belongs to it. A [Snapshot] is the exception: it stays as it
// was when later transactions write, and another goroutine may read it. It
// costs nothing to take; the first write after it copies the paths that it
// changes.
//
// Rows and records are immutable: a write replaces them.
package table
