//go:build linux

package main

import (
	"encoding/binary"
	"time"
)

// KCP's segments: conversation u32, command u8, fragment u8, window u16,
// time u32, number u32, acknowledged below u32, length u32, data.
const (
	kcpHeader = 24
	kcpPush   = 81
	kcpAck    = 82
	kcpWindow = 128
	kcpResend = 250 * time.Millisecond
)

// kcpLine is a client's end of a KCP conversation, as far as the benchmark
// needs it, and cheap: acknowledgements leave with the next message or after
// 10 ms, as those of a stock client do. What comes out of order it does not
// acknowledge, so that it comes again.
type kcpLine struct {
	conversation uint32
	next         uint32    // number of the next message to send
	expected     uint32    // of the next to come
	sent         []kcpSent // not acknowledged, the oldest first
	acks         []kcpDone
	out          []byte
}

type kcpSent struct {
	number uint32
	at     instant
	data   []byte
}

type kcpDone struct{ number, time uint32 }

// push returns a datagram with owed acknowledgements and data, which it keeps
// until it is acknowledged. It is valid until the next call.
func (k *kcpLine) push(data []byte, at instant) []byte {
	k.begin()
	k.sent = append(k.sent, kcpSent{k.next, at, append([]byte(nil), data...)})
	k.segment(kcpPush, k.next, millis(at), data)
	k.next++
	return k.out
}

// flush returns a datagram with owed acknowledgements and what was lost, or
// nothing. more says that it should be asked again.
func (k *kcpLine) flush(at instant) (out []byte, more bool) {
	k.begin()
	for i := range k.sent {
		if s := &k.sent[i]; at-s.at > instant(kcpResend) && len(k.out)+kcpHeader+len(s.data) <= maxDatagram {
			s.at = at
			k.segment(kcpPush, s.number, millis(at), s.data)
		}
	}
	return k.out, len(k.sent) > 0
}

// begin starts a datagram with what is to be acknowledged.
func (k *kcpLine) begin() {
	k.out = k.out[:0]
	for _, a := range k.acks {
		k.segment(kcpAck, a.number, a.time, nil)
	}
	k.acks = k.acks[:0]
}

func (k *kcpLine) segment(command byte, number, time uint32, data []byte) {
	b := binary.LittleEndian.AppendUint32(k.out, k.conversation)
	b = append(b, command, 0, kcpWindow, 0)
	for _, v := range [...]uint32{time, number, k.expected, uint32(len(data))} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	k.out = append(b, data...)
}

// input reads a datagram and hands over the messages whose turn it is. It
// reports whether the datagram is whole.
func (k *kcpLine) input(d []byte, message func([]byte)) bool {
	for len(d) > 0 {
		if len(d) < kcpHeader {
			return false
		}
		number, below, size := binary.LittleEndian.Uint32(d[12:]), binary.LittleEndian.Uint32(d[16:]), binary.LittleEndian.Uint32(d[20:])
		command, sentAt := d[4], binary.LittleEndian.Uint32(d[8:])
		if binary.LittleEndian.Uint32(d) != k.conversation || uint64(size) > uint64(len(d)-kcpHeader) {
			return false
		}
		data := d[kcpHeader:][:size]
		d = d[kcpHeader+size:]
		k.acknowledged(func(n uint32) bool { return int32(n-below) < 0 || command == kcpAck && n == number })
		if command != kcpPush || int32(number-k.expected) > 0 {
			continue
		}
		k.acks = append(k.acks, kcpDone{number, sentAt})
		if number == k.expected {
			k.expected++
			message(data)
		}
	}
	return true
}

// acknowledged forgets messages.
func (k *kcpLine) acknowledged(is func(number uint32) bool) {
	kept := k.sent[:0]
	for _, s := range k.sent {
		if !is(s.number) {
			kept = append(kept, s)
		}
	}
	k.sent = kept
}

func millis(at instant) uint32 { return uint32(time.Duration(at).Milliseconds()) }
