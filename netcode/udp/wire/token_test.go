package wire

import (
	"encoding/binary"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.UnixMilli(1_800_000_000_000) // of every test

// pattern is n bytes that count up from start.
func pattern(start byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = start + byte(i)
	}
	return b
}

func pattern32(start byte) [32]byte { return [32]byte(pattern(start, 32)) }

func exampleToken() Token {
	return Token{
		ID: [16]byte(pattern(0xa0, 16)), User: "guest-01JD", Name: "Zoë", Guest: true,
		Room: "01JDROOM", Ticket: "seat", Addresses: []string{"127.0.0.1:7777", "[::1]:7777"},
		Issued: noon, Expires: noon.Add(MaxTokenLife), Timeout: 10 * time.Second, Key: pattern32(0x40),
	}
}

func ring(t testing.TB, keys ...[32]byte) *KeyRing {
	t.Helper()
	k, err := NewKeyRing(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func sealed(t testing.TB, k *KeyRing, token Token) []byte {
	t.Helper()
	b, err := k.Seal(token)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTokenComesBack(t *testing.T) {
	text := rapid.StringN(0, 20, 60)
	k := ring(t, pattern32(1))
	rapid.Check(t, func(t *rapid.T) {
		want := Token{
			ID:   [16]byte(append(rapid.SliceOfN(rapid.Byte(), 15, 15).Draw(t, "id"), 1)),
			Key:  [32]byte(append(rapid.SliceOfN(rapid.Byte(), 31, 31).Draw(t, "key"), 1)),
			User: text.Draw(t, "user"), Name: text.Draw(t, "name"), Room: text.Draw(t, "room"), Ticket: text.Draw(t, "ticket"),
			Guest:   rapid.Bool().Draw(t, "guest"),
			Issued:  noon,
			Expires: noon.Add(time.Duration(rapid.IntRange(1, 30_000).Draw(t, "life")) * time.Millisecond),
			Timeout: time.Duration(rapid.IntRange(1, 65535).Draw(t, "timeout")) * time.Second,
		}
		if rapid.Bool().Draw(t, "signed") {
			want.UserExpires = noon.Add(time.Hour)
		}
		for range rapid.IntRange(0, 4).Draw(t, "addresses") {
			want.Addresses = append(want.Addresses, text.Draw(t, "address"))
		}
		b, err := k.Seal(want)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) != TokenSize {
			t.Fatalf("the token has %d bytes", len(b))
		}
		got, err := k.Open(b, noon)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, %v; want %+v", got, err, want)
		}
	})
}

func TestTokenIsRefused(t *testing.T) {
	k := ring(t, pattern32(1))
	good := sealed(t, k, exampleToken())
	changed := func(change func(b []byte) []byte) []byte { return change(append([]byte(nil), good...)) }
	for name, test := range map[string]struct {
		token []byte
		now   time.Time
		want  error
	}{
		"good":                    {good, noon, nil},
		"good in its last moment": {good, noon.Add(MaxTokenLife - time.Millisecond), nil},
		"expired":                 {good, noon.Add(MaxTokenLife), ErrExpired},
		"good for too long":       {good, noon.Add(-time.Millisecond), ErrTooLong},
		"before all time":         {good, time.UnixMilli(-5), ErrTooLong},
		"empty":                   {nil, noon, ErrTruncated},
		"truncated":               {good[:TokenSize-1], noon, ErrTruncated},
		"with one more byte":      {append(good[:TokenSize:TokenSize], 0), noon, ErrTruncated},
		"another version":         {changed(func(b []byte) []byte { b[7]++; return b }), noon, ErrVersion},
		"another key's ID":        {changed(func(b []byte) []byte { b[8]++; return b }), noon, ErrUnknownKey},
		"a later expiry":          {changed(func(b []byte) []byte { b[12]--; return b }), noon, ErrForged},
		"another nonce":           {changed(func(b []byte) []byte { b[20]++; return b }), noon, ErrForged},
		"another plaintext":       {changed(func(b []byte) []byte { b[44]++; return b }), noon, ErrForged},
		"another tag":             {changed(func(b []byte) []byte { b[TokenSize-1]++; return b }), noon, ErrForged},
	} {
		if _, err := k.Open(test.token, test.now); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
		switch err := CheckToken(test.token, test.now); {
		case errors.Is(test.want, ErrUnknownKey), errors.Is(test.want, ErrForged):
			if err != nil {
				t.Errorf("%s: the public part says %v", name, err)
			}
		case !errors.Is(err, test.want):
			t.Errorf("%s: the public part says %v, want %v", name, err, test.want)
		}
	}
}

func TestAnyChangedBitForgesAToken(t *testing.T) {
	k := ring(t, pattern32(1))
	good := sealed(t, k, exampleToken())
	for i := range len(good) * 8 {
		b := append([]byte(nil), good...)
		b[i/8] ^= 1 << (i % 8)
		if _, err := k.Open(b, noon); err == nil {
			t.Fatalf("bit %d may be changed", i)
		}
	}
}

func TestSeveralKeysAreValidAtOnce(t *testing.T) {
	oldKey, newKey := pattern32(1), pattern32(2)
	before, during, after := ring(t, oldKey), ring(t, newKey, oldKey), ring(t, newKey)
	if _, err := during.Open(sealed(t, before, exampleToken()), noon); err != nil {
		t.Errorf("the old key: %v", err)
	}
	if _, err := after.Open(sealed(t, during, exampleToken()), noon); err != nil {
		t.Errorf("the first key does not seal: %v", err)
	}
	if _, err := after.Open(sealed(t, before, exampleToken()), noon); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("a key that was taken away: %v", err)
	}
}

func TestKeyRingWantsKeys(t *testing.T) {
	for name, keys := range map[string][][32]byte{
		"none": nil, "zeros": {{}}, "zeros behind": {pattern32(1), {}}, "one twice": {pattern32(1), pattern32(1)},
	} {
		if _, err := NewKeyRing(keys...); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestSealRefuses(t *testing.T) {
	long := strings.Repeat("x", 400)
	for name, test := range map[string]struct {
		change func(*Token)
		want   error
	}{
		"no ID":              {func(t *Token) { t.ID = [16]byte{} }, ErrTokenEmpty},
		"no key":             {func(t *Token) { t.Key = [32]byte{} }, ErrTokenEmpty},
		"no issue":           {func(t *Token) { t.Issued = time.Time{} }, ErrTokenEmpty},
		"no expiry":          {func(t *Token) { t.Expires = time.Time{} }, ErrTokenEmpty},
		"no time-out":        {func(t *Token) { t.Timeout = 0 }, ErrTokenSize},
		"a long time-out":    {func(t *Token) { t.Timeout = 65536 * time.Second }, ErrTokenSize},
		"long names":         {func(t *Token) { t.User, t.Name = long, long }, ErrTokenSize},
		"a name of 70 KB":    {func(t *Token) { t.Name = strings.Repeat("x", 1<<16+1) }, ErrTokenSize},
		"too many addresses": {func(t *Token) { t.Addresses = make([]string, 17) }, ErrTokenSize},
	} {
		token := exampleToken()
		test.change(&token)
		if _, err := ring(t, pattern32(1)).Seal(token); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

// Whoever has the key may seal nonsense; it must not get through, or panic.
func TestNonsenseUnderTheRightKey(t *testing.T) {
	k := ring(t, pattern32(1))
	seal := func(plain []byte) []byte {
		b := append([]byte(tokenVersion), k.keys[0].id[:]...)
		b = binary.LittleEndian.AppendUint64(b, milliseconds(noon.Add(time.Second)))
		b = append(b, pattern(0, 24)...)
		return k.keys[0].aead.Seal(b, b[tokenNonceAt:], plain, b)
	}
	example := exampleToken()
	whole := example.appendPlain(nil)
	whole = append(whole, make([]byte, tokenPlain-len(whole))...)
	if _, err := k.Open(seal(whole), noon); err != nil {
		t.Fatal(err)
	}
	const textAt = 16 + 32 + 8 + 8 + 2 + 1
	for name, change := range map[string]func(b []byte){
		"zeros":             func(b []byte) { clear(b) },
		"a text too long":   func(b []byte) { b[textAt+1] = 0xff },
		"a text not UTF-8":  func(b []byte) { b[textAt+2] = 0xff },
		"255 addresses":     func(b []byte) { clear(b[textAt:]); b[textAt+8] = 255 },
		"issued in aeons":   func(b []byte) { b[16+32+7] = 0xff },
		"time-out of zero":  func(b []byte) { b[textAt-3], b[textAt-2] = 0, 0 },
		"ones all the way":  func(b []byte) { copy(b, strings.Repeat("\xff", len(b))) },
		"no ID":             func(b []byte) { clear(b[:16]) },
		"texts end too far": func(b []byte) { clear(b[textAt:]); b[textAt], b[textAt+1] = 0xb0, 2 },
	} {
		b := append([]byte(nil), whole...)
		change(b)
		if got, err := k.Open(seal(b), noon); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
