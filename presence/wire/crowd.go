package wire

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"

	"github.com/parlor-server/parlor/persistence/value"
)

// Op says what an entry of a Crowd is about.
type Op uint8

// The entries of a Crowd.
const (
	Enter      Op = 1 // a member is shown from now on; replaces it if it is held already
	Change     Op = 2 // a member that is held shows something else
	Leave      Op = 3 // a member that is held is not shown any more
	GroupEnter Op = 4 // this connection is in a private group
	GroupLeave Op = 5 // this connection is no longer in a private group
)

// Entry is one entry of a Crowd. Its slices share the payload's memory.
type Entry struct {
	Op     Op
	Member uint32      // of Enter, Change and Leave: one connection
	User   []byte      // of Enter: whose connection it is
	Group  []byte      // of Enter: who sees it, empty: everyone. Of GroupEnter and GroupLeave: which one
	Row    value.Row   // of Enter
	Patch  value.Patch // of Change
}

// AppendEnter appends an Enter.
func AppendEnter(dst []byte, member uint32, user, group string, row value.Row) []byte {
	dst = binary.AppendUvarint(append(dst, byte(Enter)), uint64(member))
	dst = appendText(appendText(dst, user), group)
	return append(binary.AppendUvarint(dst, uint64(len(row))), row...)
}

// AppendChange appends a Change.
func AppendChange(dst []byte, member uint32, patch value.Patch) []byte {
	dst = binary.AppendUvarint(append(dst, byte(Change)), uint64(member))
	return append(binary.AppendUvarint(dst, uint64(len(patch))), patch...)
}

// AppendLeave appends a Leave.
func AppendLeave(dst []byte, member uint32) []byte {
	return binary.AppendUvarint(append(dst, byte(Leave)), uint64(member))
}

// AppendGroup appends a GroupEnter or a GroupLeave.
func AppendGroup(dst []byte, op Op, group string) []byte {
	return appendText(append(dst, byte(op)), group)
}

func appendText(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

// CrowdReader reads the payload of a Crowd from anyone.
//
//	r := wire.ReadCrowd(&descriptor.State, payload)
//	for r.Next(&e) { … }
//	err := r.Err()
type CrowdReader struct {
	state *value.Collection
	rest  []byte
	err   error
}

// ReadCrowd begins to read. Rows and patches are checked against state, unless
// it is nil.
func ReadCrowd(state *value.Collection, payload []byte) CrowdReader {
	return CrowdReader{state: state, rest: payload}
}

// Err is why Next ended early, or nil.
func (r *CrowdReader) Err() error { return r.err }

// Next reads the next entry; false at the end and after an error.
func (r *CrowdReader) Next(e *Entry) bool {
	if len(r.rest) == 0 || r.err != nil {
		return false
	}
	*e = Entry{Op: Op(r.rest[0])}
	r.rest = r.rest[1:]
	switch e.Op {
	case Enter:
		e.Member, e.User, e.Group, e.Row = r.member(), r.text(), r.text(), r.bytes()
		if !utf8.Valid(e.User) || !utf8.Valid(e.Group) {
			r.fail("has text that is not UTF-8")
		}
		if r.err == nil && r.state != nil {
			r.err = r.state.CheckRow(e.Row)
		}
	case Change:
		e.Member, e.Patch = r.member(), r.bytes()
		if r.err == nil && r.state != nil {
			r.err = r.state.CheckPatch(e.Patch)
		}
	case Leave:
		e.Member = r.member()
	case GroupEnter, GroupLeave:
		if e.Group = r.text(); !utf8.Valid(e.Group) {
			r.fail("has text that is not UTF-8")
		}
	default:
		r.fail(fmt.Sprintf("has an entry of the unknown kind %d", e.Op))
	}
	return r.err == nil
}

func (r *CrowdReader) fail(why string) {
	if r.err == nil {
		r.err = fmt.Errorf("failed to read a Crowd: it %s", why)
	}
}

func (r *CrowdReader) uvarint() uint64 {
	u, n := binary.Uvarint(r.rest)
	if n <= 0 || n > 1 && r.rest[n-1] == 0 {
		r.fail("is cut short or has a number not in its shortest form")
		return 0
	}
	r.rest = r.rest[n:]
	return u
}

func (r *CrowdReader) member() uint32 {
	u := r.uvarint()
	if u == 0 || u > 1<<32-1 {
		r.fail("names no member")
	}
	return uint32(u)
}

func (r *CrowdReader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.fail("is cut short")
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *CrowdReader) text() []byte { return r.bytes() }
