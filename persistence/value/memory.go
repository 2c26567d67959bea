package value

import (
	"reflect"
	"time"
	"unsafe"
)

// This file is all of the package's unsafe code: text that shares a row's
// memory, which is sound because rows are immutable, and the fields of a bound
// struct, read and written at the offsets that reflect gave for their types.

// sharedText is b as a string without a copy. b must never change again.
func sharedText(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// sharedBytes is s as bytes without a copy, to be read only.
func sharedBytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// layout is how a field lies in memory. Named types lie as what they are made
// of, so a layout serves them too.
type layout uint8

const (
	inBool layout = iota + 1
	inInt8
	inInt16
	inInt32
	inInt64
	inInt
	inUint8
	inUint16
	inUint32
	inUint64
	inUint
	inFloat32
	inFloat64
	inString
	inBytes
	inTime
	inRaw // json.RawMessage
	inAny // what encoding/json reads and writes
)

// fieldAt is the place of a field in the struct at base; ok is false if the
// field is a pointer and nil.
func (s *step) fieldAt(base unsafe.Pointer) (p unsafe.Pointer, ok bool) {
	p = unsafe.Add(base, s.offset)
	if s.pointer {
		p = *(*unsafe.Pointer)(p)
	}
	return p, p != nil
}

// number reads a bool, an integer or a float's bits (of float64).
func (s *step) number(p unsafe.Pointer) int64 {
	switch s.layout {
	case inBool:
		if *(*bool)(p) {
			return 1
		}
		return 0
	case inInt8:
		return int64(*(*int8)(p))
	case inInt16:
		return int64(*(*int16)(p))
	case inInt32:
		return int64(*(*int32)(p))
	case inInt64:
		return *(*int64)(p)
	case inInt:
		return int64(*(*int)(p))
	case inUint8:
		return int64(*(*uint8)(p))
	case inUint16:
		return int64(*(*uint16)(p))
	case inUint32:
		return int64(*(*uint32)(p))
	case inUint64:
		return int64(*(*uint64)(p))
	case inUint:
		return int64(*(*uint)(p))
	}
	return 0
}

func (s *step) float(p unsafe.Pointer) float64 {
	if s.layout == inFloat32 {
		return float64(*(*float32)(p))
	}
	return *(*float64)(p)
}

func (s *step) text(p unsafe.Pointer) string    { return *(*string)(p) }
func (s *step) data(p unsafe.Pointer) []byte    { return *(*[]byte)(p) }
func (s *step) time(p unsafe.Pointer) time.Time { return *(*time.Time)(p) }

// anyAt is the field as reflect sees it. encoding/json, which may keep what it
// gets, works on a copy: see hide.
func (s *step) anyAt(p unsafe.Pointer) reflect.Value { return reflect.NewAt(s.typ, p).Elem() }

// hide is p, without the compiler's seeing that it is the same: a struct whose
// address only goes through a codec stays on its caller's stack. Nothing behind
// it may keep the pointer.
func hide[T any](p *T) unsafe.Pointer {
	bits := *(*uintptr)(unsafe.Pointer(&p))
	return *(*unsafe.Pointer)(unsafe.Pointer(&bits))
}

// store writes a cell into the struct at base. Pointers get memory of their
// own; text of a String shares the value's.
func (s *step) store(base unsafe.Pointer, v Value) error {
	p := unsafe.Add(base, s.offset)
	if s.pointer {
		if v.IsNull() {
			*(*unsafe.Pointer)(p) = nil
			return nil
		}
		fresh := reflect.New(s.typ).UnsafePointer()
		*(*unsafe.Pointer)(p) = fresh
		p = fresh
	}
	n := v.num
	switch s.layout {
	case inBool:
		*(*bool)(p) = n != 0
	case inInt8, inUint8:
		*(*uint8)(p) = uint8(n)
	case inInt16, inUint16:
		*(*uint16)(p) = uint16(n)
	case inInt32, inUint32:
		*(*uint32)(p) = uint32(n)
	case inInt64, inUint64:
		*(*uint64)(p) = n
	case inInt, inUint:
		*(*uint)(p) = uint(n)
	case inFloat32:
		*(*float32)(p) = float32(v.Float())
	case inFloat64:
		*(*float64)(p) = v.Float()
	case inString:
		*(*string)(p) = v.text
	case inTime:
		*(*time.Time)(p) = v.Time()
	case inBytes, inRaw:
		*(*[]byte)(p) = []byte(v.text)
	case inAny:
		return s.unmarshal(s.anyAt(p), v.text)
	}
	return nil
}

// storeMeta writes the envelope into the Meta that the struct embeds.
func storeMeta(base unsafe.Pointer, offset uintptr, m Meta) {
	*(*Meta)(unsafe.Add(base, offset)) = m
}
