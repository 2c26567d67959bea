// Package value is what records are made of: typed cells, rows, patches and
// ordered keys as bytes, the description of collections, and the plan that
// carries a Go struct into a row and back.
//
// The server and both clients share it, so nothing here knows of rooms or
// connections. docs/records-wire.md specifies the bytes.
package value
