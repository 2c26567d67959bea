package parlor_test

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/schema"
)

// TestBrokenFrames sends bytes that are not WebSocket, or not as this server
// takes it.
func TestBrokenFrames(t *testing.T) {
	t.Parallel()
	f := build(t, nil)
	w := f.witness(client.Options{})
	length := func(n uint64) []byte {
		return append(binary.BigEndian.AppendUint64([]byte{binaryFrame, 0xff}, n), 0, 0, 0, 0)
	}
	fragments := frame(0x02, nil)
	for range 70 { // a message of 70 KiB in fragments of 1 KiB
		fragments = append(fragments, frame(0x00, make([]byte, 1<<10))...)
	}
	for what, test := range map[string]struct {
		bytes []byte
		code  schema.Code
	}{
		"a terabyte announced":         {append(length(1<<40), make([]byte, 70<<10)...), schema.CodeTooLarge},
		"more than there can be":       {length(1 << 63), schema.CodeBadMessage},
		"fragments without an end":     {fragments, schema.CodeTooLarge},
		"an unmasked frame":            {[]byte{binaryFrame, 1, 0}, schema.CodeBadMessage},
		"an unknown opcode":            {[]byte{0x83, 0x81, 1, 2, 3, 4, 5}, schema.CodeBadMessage},
		"a reserved bit":               {[]byte{0xc2, 0x81, 1, 2, 3, 4, 5}, schema.CodeBadMessage},
		"a continuation of nothing":    {frame(0x80, []byte{1}), schema.CodeBadMessage},
		"a fragmented ping":            {frame(0x09, nil), schema.CodeBadMessage},
		"HTTP in place of frames":      {[]byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), schema.CodeBadMessage},
		"a text frame that is no UTF8": {frame(0x81, []byte{0xff}), schema.CodeBadMessage},
	} {
		t.Run(what, func(t *testing.T) {
			f.t, w.t = t, t
			r := f.guest()
			r.joinYard(w)
			<-r.pour(test.bytes, len(test.bytes))
			r.expectClose(test.code)
			w.unharmed()
		})
	}
}

// TestEmptyFragments sends continuation frames without content for a while: no
// message ever comes of them.
func TestEmptyFragments(t *testing.T) {
	t.Parallel()
	f := build(t, nil)
	w := f.witness(client.Options{})
	r := f.guest()
	r.joinYard(w)
	empty := make([]byte, 0, 60<<10)
	for len(empty) < 60_000 {
		empty = append(empty, frame(0x00, nil)...)
	}
	<-r.pour(frame(0x02, []byte{1}), 1)
	done := r.pour(empty, 3<<20) // half a million frames
	w.unharmed()
	r.hangUp()
	<-done
	w.unharmed()
}

// TestForeignPages are refused before they are a WebSocket.
func TestForeignPages(t *testing.T) {
	t.Parallel()
	f := build(t, nil)
	w := f.witness(client.Options{})
	_, port, err := net.SplitHostPort(f.addr)
	if err != nil {
		t.Fatal(err)
	}
	for what, test := range map[string]struct {
		host, origin string
		status       int
		says         string
	}{
		"the server's own page":      {f.addr, "http://" + f.addr, http.StatusSwitchingProtocols, ""},
		"no page":                    {"localhost:" + port, "", http.StatusSwitchingProtocols, ""},
		"a foreign page":             {f.addr, "https://evil.example", http.StatusForbidden, "evil.example"},
		"a page of another port":     {f.addr, "http://127.0.0.1:1", http.StatusForbidden, "127.0.0.1:1"},
		"a page of a file":           {f.addr, "null", http.StatusForbidden, "null"},
		"a rebound name":             {"evil.example:" + port, "http://evil.example:" + port, http.StatusForbidden, "FORBIDDEN"},
		"a rebound name like ours":   {"127.0.0.1.evil.example:" + port, "", http.StatusForbidden, "FORBIDDEN"},
		"an address of this machine": {"0.0.0.0:" + port, "", http.StatusForbidden, "FORBIDDEN"},
	} {
		t.Run(what, func(t *testing.T) {
			conn := dialTCP(t, f.addr)
			defer conn.Close()
			request := "GET /ws HTTP/1.1\r\nHost: " + test.host + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
				"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
			if test.origin != "" {
				request += "Origin: " + test.origin + "\r\n"
			}
			if _, err := io.WriteString(conn, request+"\r\n"); err != nil {
				t.Fatal(err)
			}
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.StatusCode != test.status {
				t.Errorf("got %s, want %d", res.Status, test.status)
			}
			if test.status == http.StatusForbidden {
				body, err := io.ReadAll(res.Body)
				if err != nil || !strings.Contains(string(body), test.says) {
					t.Errorf("the answer is %q, %v; want it to say %q", body, err, test.says)
				}
			}
		})
	}
	w.unharmed()
}

// TestBadRequests sends what is no good HTTP.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	f := build(t, nil)
	w := f.witness(client.Options{})
	for what, request := range map[string]string{
		"no HTTP":               "\x00\x01\x02\x03\r\n\r\n",
		"a header of 64 KiB":    "GET /ws HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("a", 64<<10) + "\r\n\r\n",
		"no Host":               "GET /ws HTTP/1.1\r\n\r\n",
		"two Hosts":             "GET /ws HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
		"a WebSocket of old":    "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: x\r\n\r\n",
		"a WebSocket by POST":   "POST /ws HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
		"smuggled chunks":       "POST /v1/rooms HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n",
		"a body that lies":      "POST /v1/rooms HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n" + strings.Repeat(" ", 70<<10),
		"a path out of the web": "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
	} {
		t.Run(what, func(t *testing.T) {
			conn := dialTCP(t, f.addr)
			defer conn.Close()
			_, _ = io.WriteString(conn, request) // the server may hang up before all of it is sent
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode < 300 || res.StatusCode >= 500 && res.StatusCode != http.StatusNotImplemented {
				t.Errorf("got %s", res.Status)
			}
		})
	}
	w.unharmed()
}

func dialTCP(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestSilence holds connections open in every way that costs the holder
// nothing. The server ends each, after five or ten seconds.
func TestSilence(t *testing.T) {
	t.Parallel()
	f := build(t, nil)
	w := f.witness(client.Options{})
	var quiet []net.Conn
	for range 50 { // more than a listener's goroutines would be
		quiet = append(quiet, dialTCP(t, f.addr), dialTCP(t, f.addr))
		if _, err := io.WriteString(quiet[len(quiet)-1], "GET /ws HTTP/1.1\r\nHost: localhost\r\nX-Slow"); err != nil {
			t.Fatal(err)
		}
	}
	silent, half := f.rogue(), f.rogue()
	hello := frame(binaryFrame, message(schema.KindHello, 0, 0, half.build.Hello(schema.HelloInfo{})))
	<-half.pour(hello[:len(hello)-3], 1) // less than the message
	deaf := f.guest()
	deaf.joinYard(w)
	f.guest().joinYard(w) // newcomers are served meanwhile
	w.unharmed()
	if testing.Short() {
		return
	}
	silent.expectClose(schema.CodeHelloTimeout)
	half.expectClose(schema.CodeHelloTimeout)
	w.unharmed()
	deaf.expectClose(schema.CodeStaleClient) // it reads, but has never said that it applied a frame
	for _, conn := range quiet {
		if _, err := io.Copy(io.Discard, conn); err != nil {
			t.Fatalf("a connection without a request is still open: %v", err)
		}
	}
	w.unharmed()
}
