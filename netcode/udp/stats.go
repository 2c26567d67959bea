package udp

import "sync/atomic"

// Stats counts what all shards of a Server did. Any goroutine may read it at
// any time.
type Stats struct {
	Sessions  atomic.Int64 // now, those whose client has not spoken yet included
	Embryonic atomic.Int64 // of these: accepted, but no packet has come since

	_          [48]byte // what is counted once a batch, on a cache line of its own
	PacketsIn  atomic.Uint64
	BytesIn    atomic.Uint64
	Forwarded  atomic.Uint64 // packets that came to another shard's socket
	Overflowed atomic.Uint64 // of these: dropped, the owner was behind

	_                [32]byte
	PacketsOut       atomic.Uint64
	BytesOut         atomic.Uint64
	DatagramsRefused atomic.Uint64 // the session had used up its byte budget

	_              [40]byte
	Challenges     atomic.Uint64 // answers to first packets
	Accepted       atomic.Uint64 // sessions begun
	Repeated       atomic.Uint64 // an Accept sent again
	RejectsSent    atomic.Uint64
	PathChallenges atomic.Uint64
	Migrated       atomic.Uint64 // sessions that went on at another address
	refused        [refusals]atomic.Uint64

	sockets []socket
}

// SocketStats is what the sockets of all shards did, and the kernel with them.
type SocketStats struct {
	Received, ReadCalls  uint64 // datagrams, and the system calls that brought them
	Sent, WriteCalls     uint64
	Oversize             uint64 // datagrams that were too long to be a packet
	Overflowed           uint64 // datagrams that the kernel dropped: nobody read them in time (Linux)
	Unsent               uint64 // datagrams that the kernel did not take
	ReceiveBuffer, Count int    // of one socket, in bytes; sockets
}

// Sockets adds up what the sockets did.
func (s *Stats) Sockets() (sum SocketStats) {
	for _, sock := range s.sockets {
		c := sock.counts()
		sum.Received += c.Received
		sum.ReadCalls += c.ReadCalls
		sum.Sent += c.Sent
		sum.WriteCalls += c.WriteCalls
		sum.Oversize += c.Oversize
		sum.Overflowed += c.Overflowed
		sum.Unsent += c.Refused
		sum.ReceiveBuffer = c.ReceiveBuffer
		sum.Count++
	}
	return sum
}

// sent counts packets that an outbox handed to its socket.
func (s *Stats) sent(packets, bytes int) {
	s.PacketsOut.Add(uint64(packets))
	s.BytesOut.Add(uint64(bytes))
}

// Refusal is why a packet or a token was not taken.
type Refusal uint8

// What is wrong with a packet, in the order in which it is found out.
const (
	RefusedMalformed   Refusal = iota // no packet of this protocol
	RefusedFlood                      // a first packet beyond the budget of answers
	RefusedCookie                     // wrong, expired, or of another address
	RefusedExpired                    // token
	RefusedVersion                    // token of another version
	RefusedTooLong                    // token that is good for longer than allowed
	RefusedKey                        // token of a key that this server has not
	RefusedForged                     // token that was not sealed by this server's key
	RefusedForeign                    // token for another server's addresses
	RefusedStale                      // token from before this server was started
	RefusedUsed                       // token that another client has used
	RefusedFull                       // no room for another session
	RefusedGoingAway                  // the server is shutting down
	RefusedUnknown                    // packet of a session that is not here
	RefusedReplayed                   // packet that came before, or is too old to tell
	RefusedUnauthentic                // packet that was not sealed by the session's client
	refusals
)

var refusalNames = [refusals]string{
	"malformed", "flood", "cookie", "expired", "version", "too_long", "unknown_key", "forged", "foreign",
	"stale", "used", "full", "going_away", "unknown_session", "replayed", "unauthentic",
}

// String is the reason as metrics label it.
func (r Refusal) String() string { return refusalNames[r] }

// Refused returns how many packets were refused for a reason.
func (s *Stats) Refused(r Refusal) uint64 { return s.refused[r].Load() }

// EachRefusal calls f for every reason.
func (s *Stats) EachRefusal(f func(r Refusal, count uint64)) {
	for r := range refusals {
		f(r, s.refused[r].Load())
	}
}

func (s *Stats) refuse(r Refusal) { s.refused[r].Add(1) }
