package udp

import (
	"bytes"
	"net/netip"
	"strconv"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// bytesOf is the memory that the kernel sees.
func (s *sockaddr) bytesOf(length uint32) []byte {
	return bytes.Clone(unsafe.Slice((*byte)(unsafe.Pointer(s)), length))
}

func TestSockaddrLayout(t *testing.T) {
	const seven = 7777 // 0x1e61
	mapped := []byte{0x1e, 0x61, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3, 0, 0, 0, 0}
	tests := []struct {
		addr string
		six  bool
		want []byte // after the family
	}{
		{"10.1.2.3", false, []byte{0x1e, 0x61, 10, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0}},
		{"::ffff:10.1.2.3", false, []byte{0x1e, 0x61, 10, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0}},
		{"10.1.2.3", true, mapped},
		{"::ffff:10.1.2.3", true, mapped},
		{"2001:db8::5", true, []byte{0x1e, 0x61, 0, 0, 0, 0, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0}},
		{"2001:db8::5", false, nil},
		{"fe80::1%eth0", true, nil}, // decode never gives a name
	}
	for _, test := range tests {
		var s sockaddr
		for i := range s.bytesOf(sockaddrSize) { // what another address left there
			*(*byte)(unsafe.Add(unsafe.Pointer(&s), i)) = 0xaa
		}
		length, ok := s.encode(netip.AddrPortFrom(netip.MustParseAddr(test.addr), seven), test.six)
		if ok != (test.want != nil) {
			t.Errorf("%s (six: %v): ok = %v", test.addr, test.six, ok)
		}
		if ok && !bytes.Equal(s.bytesOf(length)[2:], test.want) {
			t.Errorf("%s (six: %v): % x, want % x", test.addr, test.six, s.bytesOf(length)[2:], test.want)
		}
	}
}

func TestSockaddrReturns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		port := rapid.Uint16().Draw(t, "port")
		bytes4 := [4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "four"))
		bytes16 := [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "sixteen"))
		zone := rapid.Uint32().Draw(t, "zone")

		four := netip.AddrPortFrom(netip.AddrFrom4(bytes4), port)
		sixteen := netip.AddrPortFrom(netip.AddrFrom16(bytes16).Unmap(), port)
		zoned := netip.AddrPortFrom(netip.AddrFrom16(bytes16).WithZone(strconv.FormatUint(uint64(zone), 10)), port)
		if zone == 0 || zoned.Addr().Is4In6() {
			zoned = sixteen
		}
		var s sockaddr
		for _, a := range []netip.AddrPort{four, sixteen, zoned} {
			for _, six := range []bool{false, true} {
				length, ok := s.encode(a, six)
				if want := six || a.Addr().Is4(); ok != want {
					t.Fatalf("encode(%v, %v) = %v", a, six, ok)
				}
				if !ok {
					continue
				}
				if got := s.decode(); got != a {
					t.Fatalf("%v returned as %v", a, got)
				}
				if want := map[bool]uint32{false: unix.SizeofSockaddrInet4, true: unix.SizeofSockaddrInet6}[six]; length != want {
					t.Fatalf("length %d, want %d", length, want)
				}
			}
		}
	})
}

func TestSockaddrOfAnotherFamily(t *testing.T) {
	s := sockaddr{in6: unix.RawSockaddrInet6{Family: unix.AF_UNIX}}
	if got := s.decode(); got.IsValid() {
		t.Errorf("decoded as %v", got)
	}
	if _, ok := s.encode(netip.AddrPort{}, true); ok {
		t.Error("the zero address was encoded")
	}
}
