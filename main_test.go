package parlor

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain checks that a closed Server leaves no goroutine behind.
func TestMain(m *testing.M) {
	// kcp-go starts these when it is imported.
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("github.com/xtaci/kcp-go/v5.(*TimedSched).sched"),
		goleak.IgnoreTopFunction("github.com/xtaci/kcp-go/v5.(*TimedSched).prepend"))
}
