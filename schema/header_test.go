package schema

import (
	"bytes"
	"errors"
	"testing"
)

func TestHeaderRoundTrip(t *testing.T) {
	h := Header{Kind: KindState, Flags: FlagKeyframe, Handle: 0x0102, Ack: 0x03040506}
	b := append(h.Append(nil), 0xee)
	if !bytes.Equal(b, []byte{19, 1, 2, 1, 6, 5, 4, 3, 0xee}) {
		t.Errorf("header % x", b)
	}
	got, body, err := ParseHeader(b)
	if err != nil || got != h || !bytes.Equal(body, []byte{0xee}) {
		t.Errorf("parsed %+v % x %v", got, body, err)
	}
	for n := range HeaderSize {
		if _, _, err := ParseHeader(b[:n]); !errors.Is(err, ErrShortHeader) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestCodes(t *testing.T) {
	if got := CodeRoomFull.String(); got != "ROOM_FULL" {
		t.Error(got)
	}
	if got := Code(999).String(); got != "CODE_999" {
		t.Error(got)
	}
	for c := Code(1); c <= CodeVoided; c++ {
		back, ok := CodeOfCloseStatus(c.CloseStatus())
		if !ok || back != c {
			t.Errorf("status %d is %v, %v", c.CloseStatus(), back, ok)
		}
	}
	for c, want := range map[Code]int{CodeTokenExpired: 4404, CodeKicked: 4430, CodeGoingAway: 4011, CodeVoided: 4067} {
		if got := c.CloseStatus(); got != want || c.Final() != (want > 4400) {
			t.Errorf("%v has status %d, final %v", c, got, c.Final())
		}
	}
	for _, status := range []int{0, 1000, 1006, 4000, 5000} {
		if c, ok := CodeOfCloseStatus(status); ok {
			t.Errorf("status %d is %s", status, c)
		}
	}
	err := error(Errorf(CodeRoomFull, "room %s has %d players", "r", 4))
	if !errors.Is(err, &Error{Code: CodeRoomFull}) || errors.Is(err, &Error{Code: CodeRefused}) {
		t.Error("errors.Is compares codes")
	}
	if err.Error() != "ROOM_FULL: room r has 4 players" {
		t.Error(err)
	}
}
