package parlor

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain checks that a closed Server leaves no goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
