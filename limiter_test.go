package parlor

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

func TestLimiter(t *testing.T) {
	l, now := newLimiter(callRate, callBurst), time.Unix(1e9, 0)
	for i := range callBurst {
		if !l.take("192.0.2.1:5", now) {
			t.Fatalf("call %d was refused", i)
		}
	}
	if l.take("192.0.2.1:6", now) {
		t.Error("one call too many was taken")
	}
	if !l.take("192.0.2.2:5", now) {
		t.Error("another address was refused")
	}
	now = now.Add(time.Second)
	taken := 0
	for l.take("192.0.2.1", now) {
		taken++
	}
	if taken != callRate {
		t.Errorf("after a second %d calls were taken, want %d", taken, callRate)
	}
}

func TestLimiterForgetsAndStaysSmall(t *testing.T) {
	l, now := newLimiter(callRate, callBurst), time.Unix(1e9, 0)
	for i := range 2 * maxCallers {
		l.take(fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255), now)
	}
	if len(l.callers) > maxCallers+1 {
		t.Errorf("%d addresses are kept, want %d", len(l.callers), maxCallers)
	}
	if l.take("192.0.2.1:1", now) {
		t.Error("a flood from many addresses used up nothing")
	}
	now = now.Add(time.Minute)
	if !l.take("192.0.2.1:1", now) || len(l.callers) != 1 {
		t.Errorf("after a minute %d addresses are kept", len(l.callers))
	}
}

func TestCallerKey(t *testing.T) {
	for _, same := range [][2]string{
		{"192.0.2.1:5", "192.0.2.1"},
		{"[::ffff:192.0.2.1]:5", "192.0.2.1"},
		{"[2001:db8::1]:5", "2001:db8::ffff:1"},
		{"[fe80::1%eth0]:5", "fe80::1"},
	} {
		if a, b := callerKey(same[0]), callerKey(same[1]); a != b || !a.IsValid() {
			t.Errorf("%s is %v, %s is %v", same[0], a, same[1], b)
		}
	}
	if callerKey("2001:db8:0:1::1") == callerKey("2001:db8:0:2::1") {
		t.Error("two customers' networks share an allowance")
	}
}

func TestCallsAreLimited(t *testing.T) {
	s, _, _ := runServer(t, nil)
	soon := time.Now().Add(time.Hour) // nothing comes back before
	for range callBurst {
		s.limiter.take("127.0.0.1", soon)
	}
	status, answer, _ := call(t, "POST", s.URL()+"v1/rooms", `{"kind": "test"}`)
	wantProblem(t, status, answer, http.StatusTooManyRequests, "RATE_LIMITED")
	status, answer, _ = call(t, "GET", s.URL()+"v1/rooms", "")
	wantStatus(t, status, answer, http.StatusOK, nil)
}
