package parlor

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	canvashost "github.com/parlor-server/parlor/canvas/host"
	"github.com/parlor-server/parlor/netcode"
	"github.com/parlor-server/parlor/netcode/udp"
	"github.com/parlor-server/parlor/persistence/host"
	presencehost "github.com/parlor-server/parlor/presence/host"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/schema"
)

// metrics is what the server measures itself. Everything else is counted where
// it happens and read when somebody asks.
type metrics struct {
	tickDuration histogram
	tickLateness histogram
	commit       histogram
}

func newMetrics() *metrics { return &metrics{} }

// observeTick is called by the rooms' loops after every tick.
func (m *metrics) observeTick(took, late time.Duration) {
	m.tickDuration.observe(took)
	m.tickLateness.observe(late)
}

// observeCommit is called by the workers of record and canvas rooms after every commit.
func (m *metrics) observeCommit(took time.Duration) { m.commit.observe(took) }

// newMetricsHandler serves /metrics. No metric has a label by room or player:
// there may be too many of them.
func (s *Server) newMetricsHandler() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		newCollector(s),
	)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorLog: httpErrorLog(s.cfg.Logger)})
}

// collector turns the parts' counters into metrics at every scrape. It is
// stateless: any number of scrapes may run at once.
type collector struct {
	server   *Server
	values   []reading
	duration *prometheus.Desc
	lateness *prometheus.Desc
	closes   *prometheus.Desc
	dilation [2]*prometheus.Desc // min, avg
	bytes    [2]*prometheus.Desc // of recordings: written, on disk
	gaps     *prometheus.Desc
	refused  *prometheus.Desc // packets over UDP, by reason
	commit   *prometheus.Desc
}

// reading is a metric that one counter holds.
type reading struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func() float64
}

func newCollector(s *Server) *collector {
	c := &collector{
		server:   s,
		duration: describe("tick_duration_seconds", "How long rooms' ticks took."),
		lateness: describe("tick_lateness_seconds", "How long after their deadline rooms' ticks began."),
		closes:   describe("sessions_closed_total", "Sessions that ended, by code; NONE: the client ended or lost it.", "code"),
		dilation: [2]*prometheus.Desc{
			describe("room_dilation_min", "The slowest room's share of real time; 1 is on time."),
			describe("room_dilation_avg", "The rooms' average share of real time; 1 is on time."),
		},
		bytes: [2]*prometheus.Desc{
			describe("recording_bytes_total", "Bytes of recordings written."),
			describe("recording_disk_bytes", "Bytes of all recordings that are on disk now."),
		},
		gaps: describe("recording_gaps_total", "Recordings cut short because the disk was too slow or failed."),
	}
	c.refused = describe("udp_refused_total", "Packets over UDP that were not taken, by reason.", "reason")
	c.commit = describe("records_commit_seconds", "How long it took to make transactions of record and canvas rooms durable.")
	if s.records != nil {
		c.addRecords(s.records)
	}
	if s.presence != nil {
		c.addPresence(s.presence.Stats())
	}
	if s.canvas != nil {
		c.addCanvas(s.canvas)
	}
	c.addRooms(s.registry.Stats())
	c.addSessions(s.sessions.Stats())
	c.addUDP(s.udpStats)
	return c
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("parlor_"+name, help, labels, nil)
}

func (c *collector) addRooms(s *rooms.Stats) {
	c.gauge("rooms", "Rooms that are open.", s.Rooms.Load)
	c.gauge("players", "Players in rooms, held seats included.", s.Players.Load)
	c.counter("rooms_created_total", "Rooms opened.", s.Created.Load)
	c.counter("rooms_faulted_total", "Rooms closed because their rules kept failing.", s.Faulted.Load)
	c.counter("joins_total", "Players who joined a room.", s.Joins.Load)
	c.counter("joins_refused_total", "Joins that were refused.", s.Refused.Load)
	c.counter("joins_returned_total", "Players who came back to their seat.", s.Returned.Load)
	c.counter("ticks_total", "Ticks of all rooms.", s.Ticks.Load)
	c.counter("frames_total", "State frames sent.", s.Frames.Load)
	c.counter("keyframes_total", "State frames sent that hold everything.", s.Keyframes.Load)
	c.counter("catch_ups_total", "State frames sent that span more than one tick.", s.CatchUps.Load)
	c.counter("frames_held_total", "State frames not made because the client was still behind.", s.FramesHeld.Load)
	c.counter("inputs_dropped_total", "Inputs dropped because a room's inbox was full.", s.InputsDropped.Load)
	c.counter("inputs_refused_total", "Inputs refused because they did not fit the schema.", s.InputsRefused.Load)
	c.counter("events_limited_total", "Events dropped by the game's rate limit.", s.EventsLimited.Load)
	c.counter("commands_late_total", "Commands that came after their tick.", s.CommandsLate.Load)
	c.counter("commands_repeated_total", "Ticks that repeated a player's last command.", s.CommandsRepeated.Load)
	c.counter("commands_neutral_total", "Ticks without a player's command for too long.", s.CommandsNeutral.Load)
}

func (c *collector) addSessions(s *netcode.Stats) {
	c.gauge("sessions", "Sessions that are open.", s.Sessions.Load)
	c.counter("sessions_opened_total", "Sessions ever opened.", s.Opened.Load)
	c.counter("messages_in_total", "Messages received.", s.MessagesIn.Load)
	c.counter("messages_out_total", "Messages sent.", s.MessagesOut.Load)
	c.counter("bytes_in_total", "Bytes received, without the transport's framing.", s.BytesIn.Load)
	c.counter("bytes_out_total", "Bytes sent, without the transport's framing.", s.BytesOut.Load)
	c.counter("messages_limited_total", "Messages ignored by the rate limit.", s.RateLimited.Load)
	c.counter("queue_drops_total", "State frames dropped because the client's queue was not empty.", s.FramesDropped.Load)
}

// addRecords adds up the open rooms at every scrape.
func (c *collector) addRecords(h *host.Host) {
	s := h.Stats()
	c.gauge("records_rooms", "Record rooms in memory.", func() int64 { return int64(h.Totals().Rooms) })
	c.gauge("records_records", "Records in memory.", func() int64 { return int64(h.Totals().Records) })
	c.gauge("records_bytes", "What the records take in memory, about.", func() int64 { return int64(h.Totals().Bytes) })
	c.gauge("records_connections", "Clients in record rooms.", func() int64 { return int64(h.Totals().Connections) })
	c.gauge("records_subscriptions", "Live queries.", func() int64 { return int64(h.Totals().Subscriptions) })
	c.counter("records_transactions_total", "Transactions of record rooms.", func() uint64 { return h.Totals().Transactions })
	c.counter("records_refused_total", "Mutations that were refused.", func() uint64 { return h.Totals().Refused })
	c.counter("records_commits_total", "Batches of transactions made durable.", s.Commits.Load)
	c.counter("records_opened_total", "Record rooms opened.", s.Opened.Load)
	c.counter("records_failed_total", "Record rooms closed because they or the disk failed.", s.Failed.Load)
	c.counter("records_rooms_refused_total", "Record rooms that could not be opened.", s.RefusedRooms.Load)
	c.counter("records_overloaded_total", "Messages refused because a record room had too much to do.", s.Overloaded.Load)
	c.counter("records_paused_total", "Times that a slow client got no deltas for a while.", s.Paused.Load)
}

func (c *collector) addPresence(s *presencehost.Stats) {
	c.gauge("presence_rooms", "Presence rooms that are open.", s.Rooms.Load)
	c.gauge("presence_members", "Connections in presence rooms.", s.Members.Load)
	c.counter("presence_messages_total", "Messages of members.", s.Received.Load)
	c.counter("presence_refused_total", "Messages of members that were refused.", s.Refused.Load)
	c.counter("presence_frames_total", "Crowds sent.", s.Frames.Load)
	c.counter("presence_frames_skipped_total", "Crowds that a slow client was not sent.", s.Skipped.Load)
	c.counter("presence_overloaded_total", "Messages refused because a presence room had too much to do.", s.Overloaded.Load)
	c.counter("presence_casts_sent_total", "Casts delivered, once for each client.", s.CastsSent.Load)
	c.counter("presence_casts_lost_total", "Casts that a slow client did not get.", s.CastsLost.Load)
	c.counter("presence_rooms_faulted_total", "Presence rooms closed because they failed.", s.RoomsFaulted.Load)
}

// addCanvas adds up the open rooms at every scrape.
func (c *collector) addCanvas(h *canvashost.Host) {
	s := h.Stats()
	c.gauge("canvas_rooms", "Yjs rooms and boards in memory.", func() int64 { return int64(h.Totals().Rooms) })
	c.gauge("canvas_connections", "Clients in Yjs rooms and on boards.", func() int64 { return int64(h.Totals().Connections) })
	c.gauge("canvas_bytes", "What their documents take in memory, about.", func() int64 { return int64(h.Totals().Bytes) })
	c.gauge("canvas_log_bytes", "Updates since the last snapshots.", func() int64 { return int64(h.Totals().LogBytes) })
	c.counter("canvas_updates_total", "Edits of documents.", func() uint64 { return h.Totals().Updates })
	c.counter("canvas_refused_total", "Messages that were refused.", func() uint64 { return h.Totals().Refused })
	c.counter("canvas_commits_total", "Batches of edits made durable.", s.Commits.Load)
	c.counter("canvas_opened_total", "Yjs rooms and boards opened.", s.Opened.Load)
	c.counter("canvas_failed_total", "Yjs rooms and boards closed because they or the disk failed.", s.Failed.Load)
	c.counter("canvas_rooms_refused_total", "Yjs rooms and boards that could not be opened.", s.RefusedRooms.Load)
	c.counter("canvas_overloaded_total", "Messages refused because a room had too much to do.", s.Overloaded.Load)
	c.counter("canvas_slow_total", "Clients ended because they did not read.", s.Slow.Load)
}

// addUDP reads counters of a listener that there may not be yet.
func (c *collector) addUDP(stats func() *udp.Stats) {
	c.gauge("udp_sessions", "Sessions over UDP that are open.", func() int64 { return stats().Sessions.Load() })
	for _, v := range []struct {
		name, help string
		read       func(*udp.Stats) *atomic.Uint64
	}{
		{"udp_packets_in_total", "Packets received over UDP.", func(s *udp.Stats) *atomic.Uint64 { return &s.PacketsIn }},
		{"udp_packets_out_total", "Packets sent over UDP.", func(s *udp.Stats) *atomic.Uint64 { return &s.PacketsOut }},
		{"udp_bytes_in_total", "Bytes received over UDP, without IP and UDP headers.", func(s *udp.Stats) *atomic.Uint64 { return &s.BytesIn }},
		{"udp_bytes_out_total", "Bytes sent over UDP, without IP and UDP headers.", func(s *udp.Stats) *atomic.Uint64 { return &s.BytesOut }},
		{"udp_forwarded_total", "Packets that came to another shard than their session's.", func(s *udp.Stats) *atomic.Uint64 { return &s.Forwarded }},
		{"udp_overflowed_total", "Packets dropped because their session's shard was behind.", func(s *udp.Stats) *atomic.Uint64 { return &s.Overflowed }},
		{"udp_datagrams_refused_total", "State frames not sent because a session had used up its byte budget.", func(s *udp.Stats) *atomic.Uint64 { return &s.DatagramsRefused }},
		{"udp_challenges_total", "First packets answered.", func(s *udp.Stats) *atomic.Uint64 { return &s.Challenges }},
		{"udp_accepted_total", "Connect tokens that became sessions.", func(s *udp.Stats) *atomic.Uint64 { return &s.Accepted }},
		{"udp_rejects_total", "Rejects sent.", func(s *udp.Stats) *atomic.Uint64 { return &s.RejectsSent }},
		{"udp_migrated_total", "Sessions that went on at another address.", func(s *udp.Stats) *atomic.Uint64 { return &s.Migrated }},
	} {
		c.counter(v.name, v.help, func() uint64 { return v.read(stats()).Load() })
	}
}

func (c *collector) gauge(name, help string, read func() int64) {
	c.values = append(c.values, reading{describe(name, help), prometheus.GaugeValue, func() float64 { return float64(read()) }})
}

func (c *collector) counter(name, help string, read func() uint64) {
	c.values = append(c.values, reading{describe(name, help), prometheus.CounterValue, func() float64 { return float64(read()) }})
}

// Describe names all metrics.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, v := range c.values {
		out <- v.desc
	}
	for _, d := range []*prometheus.Desc{c.duration, c.lateness, c.closes, c.dilation[0], c.dilation[1], c.bytes[0], c.bytes[1], c.gaps, c.refused, c.commit} {
		out <- d
	}
}

// Collect reads all metrics.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	for _, v := range c.values {
		out <- prometheus.MustNewConstMetric(v.desc, v.kind, v.read())
	}
	collectHistogram(out, c.duration, &c.server.metrics.tickDuration)
	collectHistogram(out, c.lateness, &c.server.metrics.tickLateness)
	collectHistogram(out, c.commit, &c.server.metrics.commit)
	c.server.sessions.Stats().EachClose(func(code schema.Code, count uint64) {
		name := "NONE"
		if code != 0 {
			name = code.String()
		}
		out <- prometheus.MustNewConstMetric(c.closes, prometheus.CounterValue, float64(count), name)
	})
	slowest, average := dilation(c.server.registry.ListAll())
	out <- prometheus.MustNewConstMetric(c.dilation[0], prometheus.GaugeValue, slowest)
	out <- prometheus.MustNewConstMetric(c.dilation[1], prometheus.GaugeValue, average)
	recorded := c.server.recorder.Stats()
	out <- prometheus.MustNewConstMetric(c.bytes[0], prometheus.CounterValue, float64(recorded.Bytes))
	out <- prometheus.MustNewConstMetric(c.bytes[1], prometheus.GaugeValue, float64(recorded.OnDisk))
	out <- prometheus.MustNewConstMetric(c.gaps, prometheus.CounterValue, float64(recorded.Gaps))
	c.server.udpStats().EachRefusal(func(r udp.Refusal, count uint64) {
		out <- prometheus.MustNewConstMetric(c.refused, prometheus.CounterValue, float64(count), r.String())
	})
}

func collectHistogram(out chan<- prometheus.Metric, desc *prometheus.Desc, h *histogram) {
	count, sum, upTo := h.snapshot()
	out <- prometheus.MustNewConstHistogram(desc, count, sum, upTo)
}

// dilation is 1 without rooms: nothing is slow then.
func dilation(all []rooms.Info) (slowest, average float64) {
	slowest, average = 1, 1
	var sum float64
	for _, info := range all {
		slowest = min(slowest, info.Dilation)
		sum += info.Dilation
	}
	if len(all) > 0 {
		average = sum / float64(len(all))
	}
	return slowest, average
}
