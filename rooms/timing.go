package rooms

import (
	"math"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/tick"
)

// timing is how well one client's commands come in time where packets may be
// lost: the client runs just far enough ahead by it. The loop owns it.
type timing struct {
	some    bool   // commands have come since the last report
	margin  int16  // the fewest ticks that one of them came before its tick; below 0: late
	missing uint16 // commands that were not there
}

func (t *timing) came(named, next uint32) {
	margin := int16(max(math.MinInt16, min(int64(named)-int64(next), math.MaxInt16)))
	if !t.some || margin < t.margin {
		t.some, t.margin = true, margin
	}
}

func (t *timing) missed() { t.missing += min(1, math.MaxUint16-t.missing) }

// reportTiming tells a client once a second how its commands come. A report
// that is lost harms nothing.
func (r *runner) reportTiming(p *place, now tick.Tick) {
	t := p.timing
	if t == nil || uint32(now)%uint32(r.def.hz) != 0 {
		return
	}
	if t.some && !p.delivery.joining {
		head := schema.Header{Kind: schema.KindTiming, Ack: p.delivery.ack}
		p.delivery.dirty = p.conn.Datagram(head, r.builder.Timing(t.margin, t.missing)) || p.delivery.dirty
	}
	*t = timing{}
}
