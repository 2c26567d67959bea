// Package bits packs numbers into a stream of bits, least significant bit
// first. It is the ground of the payload codec that package state implements
// and docs/protocol.md specifies.
package bits
