package parlor

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// Calls that open rooms or hold seats, of one address: a lobby needs few, and
// a flood would take all rooms away from the others.
const (
	callRate  = 10  // a second
	callBurst = 100 // at once: players behind one address

	// Connect tokens of one address: a game's players may all come back at once,
	// and each token takes a little memory until it has run out.
	connectRate  = 50
	connectBurst = 1000
)

// maxCallers is how many addresses are told apart. Those beyond it share one
// allowance.
const maxCallers = 16 << 10

// limiter gives every address its allowance of calls. Safe for concurrent use.
type limiter struct {
	rate, burst float64
	mu          sync.Mutex // guards what follows
	callers     map[netip.Prefix]allowance
	swept       time.Time
}

// allowance fills up with time and is used up by calls.
type allowance struct {
	calls float64
	at    time.Time
}

func newLimiter(rate, burst float64) *limiter {
	return &limiter{rate: rate, burst: burst, callers: make(map[netip.Prefix]allowance)}
}

// take reports whether a client may make one more call.
func (l *limiter) take(remote string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := callerKey(remote)
	if _, known := l.callers[key]; !known && len(l.callers) >= maxCallers {
		if l.sweep(now); len(l.callers) >= maxCallers {
			key = netip.Prefix{}
		}
	}
	a, known := l.callers[key]
	if !known {
		a = allowance{l.burst, now}
	}
	a.calls = min(l.burst, a.calls+now.Sub(a.at).Seconds()*l.rate)
	a.at = now
	ok := a.calls >= 1
	if ok {
		a.calls--
	}
	l.callers[key] = a
	return ok
}

// sweep forgets those whose allowance is full again, at most once a second.
func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Second {
		return
	}
	l.swept = now
	for key, a := range l.callers {
		if a.calls+now.Sub(a.at).Seconds()*l.rate >= l.burst {
			delete(l.callers, key)
		}
	}
}

// callerKey is an IPv4 address, or the 64 bits of an IPv6 address that a
// provider gives to one customer.
func callerKey(remote string) netip.Prefix {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Prefix{}
	}
	ip = ip.Unmap().WithZone("")
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	prefix, _ := ip.Prefix(bits) // these lengths fit
	return prefix
}
