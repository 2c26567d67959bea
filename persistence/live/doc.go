// Package live keeps queries up to date: it knows which connection has which
// query open, and tells each, after every transaction, what entered, changed or
// left its result, and nothing that its reader may not read.
//
// A [Hub] belongs to one room and to the goroutine that runs it. It does no I/O:
// what it has to say goes to an [Out], in the order in which each connection
// must get it.
package live
