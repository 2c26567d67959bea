package parlor

import (
	"net/http"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/rooms"
)

func TestMetrics(t *testing.T) {
	s, _, _ := runServer(t, nil)
	c := dial(t, s)
	room, err := c.JoinOrCreate(patience(t), "test", client.JoinOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var families map[string]*dto.MetricFamily
	waitFor(t, func() bool { // a tick is measured after its frames have left
		families = scrape(t, s)
		return families["parlor_tick_duration_seconds"].GetMetric()[0].GetHistogram().GetSampleCount() > 0
	})
	for name, want := range map[string]float64{
		"parlor_rooms": 1, "parlor_players": 1, "parlor_sessions": 1, "parlor_rooms_created_total": 1, "parlor_joins_total": 1,
	} {
		if got := number(families[name]); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	for _, name := range []string{
		"parlor_ticks_total", "parlor_messages_in_total", "parlor_messages_out_total", "parlor_bytes_in_total", "parlor_bytes_out_total",
		"parlor_room_dilation_min", "parlor_room_dilation_avg", "parlor_keyframes_total", "go_goroutines",
	} {
		if got := number(families[name]); !(got > 0) {
			t.Errorf("%s is %v, want more than 0", name, got)
		}
	}
	for _, name := range []string{"parlor_queue_drops_total", "parlor_recording_bytes_total", "parlor_recording_disk_bytes"} {
		if families[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
	for _, name := range []string{"parlor_tick_duration_seconds", "parlor_tick_lateness_seconds"} {
		h := families[name].GetMetric()[0].GetHistogram()
		if h.GetSampleCount() == 0 || len(h.GetBucket()) != histogramBuckets {
			t.Errorf("%s has %d samples in %d buckets", name, h.GetSampleCount(), len(h.GetBucket()))
		}
	}
	for name, family := range families {
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				few := label.GetName() == "code" || label.GetName() == "reason"
				if strings.HasPrefix(name, "parlor_") && !few || label.GetValue() == room.ID() || label.GetValue() == c.User() {
					t.Errorf("%s has the label %s=%q", name, label.GetName(), label.GetValue())
				}
			}
		}
	}

	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool {
		families = scrape(t, s)
		return number(families["parlor_sessions"]) == 0
	})
	if got := families["parlor_sessions_closed_total"].GetMetric(); len(got) != 1 || got[0].GetCounter().GetValue() != 1 {
		t.Errorf("closes are %v, want one", got)
	}
}

func scrape(t *testing.T, s *Server) map[string]*dto.MetricFamily {
	t.Helper()
	status, answer, _ := call(t, "GET", s.AdminURL()+"metrics", "")
	wantStatus(t, status, answer, http.StatusOK, nil)
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(answer))
	if err != nil {
		t.Fatalf("this is no exposition: %v\n%s", err, answer)
	}
	return families
}

// number is a family's only counter or gauge, or -1.
func number(family *dto.MetricFamily) float64 {
	if len(family.GetMetric()) != 1 {
		return -1
	}
	m := family.GetMetric()[0]
	return m.GetCounter().GetValue() + m.GetGauge().GetValue()
}

func TestDilation(t *testing.T) {
	for _, test := range []struct {
		rooms            []rooms.Info
		slowest, average float64
	}{
		{nil, 1, 1},
		{[]rooms.Info{{Dilation: 0.5}, {Dilation: 1}}, 0.5, 0.75},
	} {
		if slowest, average := dilation(test.rooms); slowest != test.slowest || average != test.average {
			t.Errorf("%v: %v and %v, want %v and %v", test.rooms, slowest, average, test.slowest, test.average)
		}
	}
}
