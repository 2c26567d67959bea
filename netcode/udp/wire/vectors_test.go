package wire

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"
)

// The tests of this file read schema/vectors, as those of other languages do.
// With -update they write the files anew.

const vectorsFolder = "../../../schema/vectors/"

var update = flag.Bool("update", false, "write schema/vectors anew")

// octets are bytes that JSON shows in hex.
type octets []byte

func (o octets) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(o)), nil }

func (o *octets) UnmarshalText(b []byte) (err error) {
	*o, err = hex.DecodeString(string(b))
	return err
}

type tokenFile struct {
	About  string         `json:"about"`
	Keys   []tokenKey     `json:"keys"`
	Good   []goodToken    `json:"good"`
	Checks []checkedToken `json:"checks"`
}

type tokenKey struct {
	Key octets `json:"key"`
	ID  octets `json:"id"`
}

type goodToken struct {
	Name        string   `json:"name"`
	ServerKey   int      `json:"serverKey"` // index in keys
	Nonce       octets   `json:"nonce"`
	ID          octets   `json:"id"`
	Key         octets   `json:"key"`
	User        string   `json:"user"`
	UserName    string   `json:"userName"`
	Guest       bool     `json:"guest"`
	UserExpires int64    `json:"userExpires"` // these three in milliseconds since 1970; 0: never
	Issued      int64    `json:"issued"`
	Expires     int64    `json:"expires"`
	Timeout     int      `json:"timeout"` // seconds
	Room        string   `json:"room"`
	Ticket      string   `json:"ticket"`
	Addresses   []string `json:"addresses"`
	Token       octets   `json:"token"`
}

type checkedToken struct {
	Name  string `json:"name"`
	Now   int64  `json:"now"`
	Token octets `json:"token"`
	Why   string `json:"why"` // ok, or why not
}

// whyOf names errors in the files.
func whyOf(err error) string {
	if err == nil {
		return "ok"
	}
	for _, e := range []struct {
		is   error
		name string
	}{
		{ErrTruncated, "truncated"}, {ErrKind, "kind"}, {ErrVersion, "version"}, {ErrExpired, "expired"}, {ErrTooLong, "too long"},
		{ErrUnknownKey, "unknown key"}, {ErrForged, "forged"}, {ErrReplayed, "replayed"},
	} {
		if errors.Is(err, e.is) {
			return e.name
		}
	}
	return err.Error()
}

func (g *goodToken) value() Token {
	t := Token{
		ID: [16]byte(g.ID), User: g.User, Name: g.UserName, Guest: g.Guest, Room: g.Room, Ticket: g.Ticket, Addresses: g.Addresses,
		Issued: time.UnixMilli(g.Issued), Expires: time.UnixMilli(g.Expires), Timeout: time.Duration(g.Timeout) * time.Second, Key: [32]byte(g.Key),
	}
	if g.UserExpires != 0 {
		t.UserExpires = time.UnixMilli(g.UserExpires)
	}
	return t
}

func buildTokens(t *testing.T) tokenFile {
	keys := [][32]byte{pattern32(1), pattern32(2)}
	at := noon.UnixMilli()
	f := tokenFile{
		About: "Connect tokens (docs/udp.md, part 3). Times are milliseconds since 1970, bytes are hex. checks: what a server with all the keys says of a token at the time now.",
		Good: []goodToken{
			{
				Name: "a guest with a seat", Nonce: pattern(0x10, 24), ID: pattern(0xa0, 16), Key: pattern(0x40, 32), User: "guest-01JD", UserName: "Zoë",
				Guest: true, Issued: at, Expires: at + 30_000, Timeout: 10, Room: "01JDROOM", Ticket: "seat", Addresses: []string{"127.0.0.1:7777", "[::1]:7777"},
			},
			{
				Name: "a signed user, by the second key", ServerKey: 1, Nonce: pattern(0x11, 24), ID: pattern(0xb0, 16), Key: pattern(0x41, 32), User: "alice",
				UserExpires: at + 3_600_000, Issued: at - 5_000, Expires: at + 20_000, Timeout: 65535, Addresses: []string{"game.example.com:7777"},
			},
		},
	}
	for _, k := range keys {
		id := keyID(k)
		f.Keys = append(f.Keys, tokenKey{k[:], id[:]})
	}
	for i := range f.Good {
		g := &f.Good[i]
		b, err := ring(t, keys[g.ServerKey]).seal(g.value(), [24]byte(g.Nonce))
		if err != nil {
			t.Fatal(err)
		}
		g.Token = b
	}
	good := f.Good[0].Token
	check := func(name string, now int64, change func(b []byte) []byte) {
		token := change(bytes.Clone(good))
		_, err := ring(t, keys...).Open(token, time.UnixMilli(now))
		f.Checks = append(f.Checks, checkedToken{name, now, token, whyOf(err)})
	}
	same := func(b []byte) []byte { return b }
	check("in its last millisecond it is good", at+29_999, same)
	check("a millisecond later", at+30_000, same)
	check("a millisecond too early", at-1, same)
	check("cut", at, func(b []byte) []byte { return b[:len(b)-1] })
	check("of version 2", at, func(b []byte) []byte { b[7] = '2'; return b })
	check("of a key that the server lacks", at, func(b []byte) []byte { b[8]++; return b })
	check("with a later expiry", at+1, func(b []byte) []byte { b[12]++; return b })
	check("with one bit changed", at, func(b []byte) []byte { b[44] ^= 1; return b })
	return f
}

func TestTokenVectors(t *testing.T) {
	f := vectors(t, "tokens.json", buildTokens)
	var keys [][32]byte
	for _, k := range f.Keys {
		keys = append(keys, [32]byte(k.Key))
		if id := keyID([32]byte(k.Key)); !bytes.Equal(id[:], k.ID) {
			t.Errorf("key %x has the ID %x, not %x", k.Key, id, k.ID)
		}
	}
	for _, g := range f.Good {
		got, err := ring(t, keys...).Open(g.Token, time.UnixMilli(g.Issued))
		if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", g.value()) {
			t.Errorf("%s: %+v, %v", g.Name, got, err)
		}
	}
	for _, b := range f.Checks {
		if _, err := ring(t, keys...).Open(b.Token, time.UnixMilli(b.Now)); whyOf(err) != b.Why {
			t.Errorf("%s: %v, want %s", b.Name, err, b.Why)
		}
	}
}

type handshakeFile struct {
	About        string `json:"about"`
	Token        octets `json:"token"`
	TokenKey     octets `json:"tokenKey"`
	ClientNonce  octets `json:"clientNonce"`
	Cookie       octets `json:"cookie"`
	ServerRandom octets `json:"serverRandom"`
	Session      uint32 `json:"session"`
	Timeout      int    `json:"timeout"`

	Request        octets `json:"request"`
	Challenge      octets `json:"challenge"`
	Proof          octets `json:"proof"`
	Response       octets `json:"response"`
	ClientToServer octets `json:"clientToServer"`
	ServerToClient octets `json:"serverToClient"`
	Accept         octets `json:"accept"`

	Rejects []rejectVector  `json:"rejects"`
	Client  []handshakeStep `json:"client"`
}

type rejectVector struct {
	Code    uint8  `json:"code"`
	Meaning string `json:"meaning"`
	Packet  octets `json:"packet"` // as an answer to the request, or to packets.json's first for code 6
}

// handshakeStep is what a client gets, then what it sends: a kind, or 0 when it
// has no more to send. done says that the session is there.
type handshakeStep struct {
	Note    string   `json:"note"`
	Receive []octets `json:"receive"`
	Send    Kind     `json:"send"`
	Done    bool     `json:"done"`
}

func buildHandshake(t *testing.T) handshakeFile {
	f := handshakeFile{
		About: "A handshake with fixed random numbers (docs/udp.md, part 4). client: a client that starts with this token, key and nonce receives the packets of each step in turn, " +
			"then sends one packet of the kind that the step names.",
		Token: buildTokens(t).Good[0].Token, TokenKey: pattern(0x40, 32), ClientNonce: pattern(0x60, 32), Cookie: pattern(0xc0, CookieSize),
		ServerRandom: pattern(0x80, 32), Session: 0x01020304, Timeout: 10,
	}
	nonce, tokenKey, random := [32]byte(f.ClientNonce), [32]byte(f.TokenKey), [32]byte(f.ServerRandom)
	echo := [EchoSize]byte(f.ClientNonce)
	f.Request = AppendRequest(nil, Request{nonce, f.Token})
	f.Challenge = AppendChallenge(nil, Challenge{echo, [CookieSize]byte(f.Cookie)})
	f.Response = AppendResponse(nil, Response{Nonce: nonce, Token: f.Token, Cookie: [CookieSize]byte(f.Cookie)}, tokenKey)
	f.Proof = f.Response[proofAt : proofAt+proofSize]
	keys := DeriveKeys(tokenKey, nonce, random)
	f.ClientToServer, f.ServerToClient = keys.ClientToServer[:], keys.ServerToClient[:]
	f.Accept = AppendAccept(nil, Accept{f.Session, echo, random, time.Duration(f.Timeout) * time.Second}, keys)
	for code := RejectExpired; code <= RejectUnknownSession; code++ {
		to := f.Request
		if code == RejectUnknownSession {
			to = buildPackets(t).Sealed[0].Packet
		}
		e, _ := EchoOf(to)
		f.Rejects = append(f.Rejects, rejectVector{uint8(code), code.String(), AppendReject(nil, Reject{code, e})})
	}
	other := AppendReject(nil, Reject{RejectFull, [8]byte{1}})
	foreign := AppendChallenge(nil, Challenge{[8]byte{1}, [CookieSize]byte(f.Cookie)})
	forged := bytes.Clone(f.Accept)
	forged[len(forged)-1] ^= 1
	mine := AppendReject(nil, Reject{RejectUsed, echo})
	f.Client = []handshakeStep{
		{Note: "at first", Send: KindRequest},
		{Note: "a reject and a challenge of someone else, and nonsense", Receive: []octets{other, foreign, {1, 2, 3}, {}}, Send: KindRequest},
		{Note: "the challenge", Receive: []octets{f.Challenge}, Send: KindResponse},
		{Note: "the challenge again, and an accept with another tag", Receive: []octets{f.Challenge, forged}, Send: KindResponse},
		{Note: "a reject that may be forged", Receive: []octets{mine}, Send: KindResponse},
		{Note: "nothing", Send: KindResponse},
		{Note: "the accept", Receive: []octets{f.Accept}, Done: true},
	}
	return f
}

func TestHandshakeVectors(t *testing.T) {
	f := vectors(t, "handshake.json", buildHandshake)
	h, err := newClientHandshake(f.Token, [32]byte(f.TokenKey), [32]byte(f.ClientNonce))
	if err != nil {
		t.Fatal(err)
	}
	want := map[Kind]octets{KindRequest: f.Request, KindResponse: f.Response}
	for _, step := range f.Client {
		done := false
		for _, p := range step.Receive {
			if done, err = h.Receive(p); err != nil {
				t.Errorf("%s: %v", step.Note, err)
			}
		}
		if done != step.Done {
			t.Errorf("%s: done is %v", step.Note, done)
		}
		if p := h.Packet(); !bytes.Equal(p, want[step.Send]) {
			t.Errorf("%s: the client sends % x", step.Note, p)
		}
	}
	id, keys, timeout := h.Session()
	if id != f.Session || timeout != time.Duration(f.Timeout)*time.Second ||
		!bytes.Equal(keys.ClientToServer[:], f.ClientToServer) || !bytes.Equal(keys.ServerToClient[:], f.ServerToClient) {
		t.Errorf("session %d, %x, %v", id, keys, timeout)
	}
	r, err := ParseResponse(f.Response)
	if err != nil || r.CheckProof([32]byte(f.TokenKey)) != nil {
		t.Errorf("the response: %v, its proof: %v", err, r.CheckProof([32]byte(f.TokenKey)))
	}
	for _, v := range f.Rejects {
		if r, err := ParseReject(v.Packet); err != nil || uint8(r.Code) != v.Code || r.Code.String() != v.Meaning {
			t.Errorf("reject %d: %+v, %v", v.Code, r, err)
		}
	}
}

// vectors returns what a file of schema/vectors holds, after it was held to
// what the code makes.
func vectors[T any](t *testing.T, name string, build func(*testing.T) T) (f T) {
	t.Helper()
	want, err := json.MarshalIndent(build(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(vectorsFolder+name, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(vectorsFolder + name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the code makes: if that is meant, run go test ./netcode/udp/wire -update and read the difference", name)
	}
	if err := json.Unmarshal(got, &f); err != nil {
		t.Fatal(err)
	}
	return f
}
