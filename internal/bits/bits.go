// Package bits packs numbers into a stream of bits, least significant bit first.
package bits
