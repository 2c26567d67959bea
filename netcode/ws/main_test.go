package ws_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/parlor-server/parlor/schema/fb"
)

func TestMain(m *testing.M) {
	// Idle HTTP connections of the clients are theirs, not the server's.
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"),
		goleak.IgnoreTopFunction("net/http.(*persistConn).readLoop"))
}

func stateTick(body []byte) uint32 { return fb.GetRootAsState(body, 0).Tick() }
