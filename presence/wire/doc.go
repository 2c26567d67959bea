// Package wire is what both ends of a presence room share: the descriptor of
// its types, and the bytes of a Crowd.
package wire
