package reliable

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/xtaci/kcp-go/v5"

	"github.com/parlor-server/parlor/netcode/udp/wire"
)

// Errors of Send.
var (
	ErrFull  = errors.New("the reliable lane is full: the peer does not take what it is sent")
	ErrEmpty = errors.New("a message on the reliable lane has at least one byte")
)

const (
	segmentSize = wire.MaxPlain - kcp.IKCP_OVERHEAD // stream bytes in a full segment
	keptBuffer  = 2 << 10                           // a larger buffer is given back when it is empty
	giveUp      = 10 * time.Second                  // without any progress
	spareRoom   = binary.MaxVarintLen32             // of a message's length
)

// Offsets in a segment's header.
const (
	offCommand  = 4
	offFragment = 5
	offWindow   = 6
	offNumber   = 12
	offUna      = 16
	offLength   = 20
)

// Config configures a Lane. Conversation and Output are required; zero values
// of the others stand for the defaults named here.
type Config struct {
	Conversation uint32                // must be the same at both ends
	Output       func(segments []byte) // sends a packet of at most wire.MaxPlain bytes, valid during the call; must not call the Lane

	SendWindow    int // segments on their way: 60; KCP's rings grow beyond 63
	ReceiveWindow int // segments that wait for a missing one: 128; above the peer's SendWindow no probe is ever needed
	MaxPending    int // bytes of messages not yet on their way: 256 KiB
	MaxMessage    int // longest inbound message in bytes: 1 MiB
}

func (c Config) withDefaults() Config {
	setDefault(&c.SendWindow, 60)
	setDefault(&c.ReceiveWindow, 128)
	setDefault(&c.MaxPending, 256<<10)
	setDefault(&c.MaxMessage, 1<<20)
	c.MaxMessage = min(c.MaxMessage, maxLength)
	return c
}

func setDefault(v *int, value int) {
	if *v <= 0 {
		*v = value
	}
}

// Lane is one end of the reliable lane. It belongs to a session, whose lock
// lets one caller in at a time; only within a call of receive may another
// caller come in, see Input. Its buffers are bounded by Config; a full queue
// makes Send fail, and the session is then over.
type Lane struct {
	// What Busy and Pending read, for every session and tick, lies together.
	queue   queue // stream bytes that KCP has not taken yet
	waiting int   // segments in KCP, acknowledged or not
	owed    int   // updates until what KCP owes the peer has surely left

	spent     int                // bytes output that no Pump or Update has reported yet
	handed    uint32             // segments that KCP was given
	reportsNo bool               // the last segment told the peer of a closed window
	kcp       *kcp.KCP           // nil: not used yet
	air       *flight            // made with kcp
	scratch   *[segmentSize]byte // the segment being read; made with kcp
	progress  time.Time          // when waiting last became less, or more than nothing
	in        assembler
	cfg       Config
}

// New makes a Lane. It costs nothing but its struct until first used.
func New(cfg Config) *Lane {
	l := &Lane{cfg: cfg.withDefaults()}
	l.in.max = l.cfg.MaxMessage
	return l
}

// Send queues one message, given in two pieces that are copied. It leaves with
// the next Pump. ErrFull: more than MaxPending bytes would wait.
func (l *Lane) Send(head, body []byte) error {
	size := len(head) + len(body)
	if size == 0 {
		return ErrEmpty
	}
	if l.queue.len()+size+spareRoom > l.cfg.MaxPending {
		return fmt.Errorf("failed to queue %d bytes behind %d: %w", size, l.queue.len(), ErrFull)
	}
	var length [binary.MaxVarintLen64]byte
	l.queue.push(length[:binary.PutUvarint(length[:], uint64(size))], head, body)
	return nil
}

// Pump sends what is queued, as far as the window and budget bytes allow, and
// returns how many bytes were output since the last Pump or Update, in this
// call and before: acknowledgements and retransmissions may make it more than
// budget.
func (l *Lane) Pump(budget int) (spent int) {
	if l.queue.len() == 0 {
		return l.report()
	}
	l.open()
	budget -= l.spent
	for l.queue.len() > 0 && l.kcp.WaitSnd() < l.cfg.SendWindow {
		size := min(l.queue.len(), segmentSize)
		if budget -= size + kcp.IKCP_OVERHEAD; budget < 0 {
			break // a shorter segment now would cost more of them in all
		}
		l.kcp.Send(l.queue.peek(size)) // copies
		l.handed++
		l.queue.pop(size)
	}
	l.update()
	return l.report()
}

// Update sends what is due again: call it every 10 ms while the lane is Busy.
// It returns the bytes output as Pump does.
func (l *Lane) Update() (spent int) {
	if l.kcp != nil && (l.owed > 0 || l.handed != l.air.next || l.air.due()) {
		l.owed = max(0, l.owed-1)
		l.update()
	}
	return l.report()
}

// Busy reports whether the lane needs Update, and Pump if anything is Pending.
func (l *Lane) Busy() bool {
	return l.queue.len() > 0 || l.waiting > 0 || l.owed > 0
}

// Pending is how many bytes wait for Pump; those on their way do not count.
func (l *Lane) Pending() int { return l.queue.len() }

// Dead reports that the peer has acknowledged nothing for 10 s though there was
// something to acknowledge: the session is over. (KCP itself gives up after 20
// transmissions, which on a fast network is after 3 s.)
func (l *Lane) Dead() bool { return l.waiting > 0 && time.Since(l.progress) >= giveUp }

// open makes the state machine.
func (l *Lane) open() {
	if l.kcp != nil {
		return
	}
	l.kcp = kcp.NewKCP(l.cfg.Conversation, l.output)
	l.kcp.NoDelay(1, 10, 2, 1)
	l.kcp.SetMtu(wire.MaxPlain)
	l.kcp.WndSize(l.cfg.SendWindow, l.cfg.ReceiveWindow)
	l.air = newFlight(l.cfg.SendWindow)
	l.scratch = new([segmentSize]byte)
}

// output is KCP's.
func (l *Lane) output(buf []byte, size int) {
	l.reportsNo = binary.LittleEndian.Uint16(buf[offWindow:]) == 0
	l.spent += size
	l.air.left(buf[:size])
	l.cfg.Output(buf[:size])
}

// update has KCP send what it holds, if its last time was 10 ms ago.
func (l *Lane) update() {
	l.kcp.Update()
	l.note()
}

// note counts what waits in KCP, and watches for progress.
func (l *Lane) note() {
	waiting := l.kcp.WaitSnd()
	if waiting < l.waiting || l.waiting == 0 {
		l.progress = time.Now()
	}
	l.waiting = waiting
}

func (l *Lane) report() int {
	spent := l.spent
	l.spent = 0
	return spent
}
