// Package recordstest tests a record room's rules: a room in memory with a
// virtual clock and several users, who see what clients would see on the wire,
// and no network.
package recordstest
