package bots

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestCompare(t *testing.T) {
	type parts = map[string]string
	for name, c := range map[string]struct {
		all     []parts
		partial bool
		want    string // in what is said; "": they agree
	}{
		"nothing":                   {[]parts{{}, {}}, false, ""},
		"the same":                  {[]parts{{"a": "1"}, {"a": "1"}}, false, ""},
		"one differs":               {[]parts{{"a": "1", "b": "2"}, {"a": "1", "b": "3"}}, false, `b is "2" for guest 0 and "3" for guest 1`},
		"one lacks something":       {[]parts{{"a": "1"}, {}}, false, "guest 1 lacks a, which guest 0 has"},
		"one has something more":    {[]parts{{"a": "1"}, {"a": "1", "b": "2"}}, false, "guest 0 lacks b"},
		"other parts":               {[]parts{{"a": "1", "b": "2"}, {"c": "1", "d": "2"}}, true, ""},
		"other parts, one differs":  {[]parts{{"a": "1", "b": "2"}, {"b": "3", "d": "2"}}, true, "b is"},
		"a part that is much less":  {[]parts{{"a": "1", "b": "2", "c": "3"}, {"b": "2"}}, true, "guest 1 lacks a"},
		"third differs from second": {[]parts{{}, {"a": "1"}, {"a": "2"}}, false, "a is"},
	} {
		most := 0
		for _, p := range c.all {
			most = max(most, len(p))
		}
		if got := compare(c.all, most, c.partial); (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// stubborn is a guest that holds what it is given, from a moment on.
type stubborn struct {
	before, after string
	from          time.Time
	moving        bool
	rested        int
}

func (*stubborn) act()       {}
func (s *stubborn) rest()    { s.rested++ }
func (*stubborn) limit() int { return 0 }
func (s *stubborn) holds() (map[string]string, bool) {
	if time.Now().Before(s.from) {
		return map[string]string{"it": s.before}, true
	}
	return map[string]string{"it": s.after}, !s.moving
}

func TestCheckWaitsForAgreement(t *testing.T) {
	for name, c := range map[string]struct {
		late          stubborn
		in            time.Duration
		desyncs, took float64 // took in ms
	}{
		"at once":               {stubborn{after: "x"}, 0, 0, 0.1},
		"after a second":        {stubborn{before: "y", after: "x"}, time.Second, 0, 860.1},
		"never":                 {stubborn{after: "y"}, 0, 1, 0},
		"what is never settled": {stubborn{after: "x", moving: true}, 0, 1, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			late := c.late
			late.from = time.Now().Add(c.in)
			h := &hall{meeting: &meeting{}, guests: []guest{&stubborn{after: "x"}, &late}}
			h.check(t.Context())
			m := h.meeting
			if m.checks.Load() != 1 || float64(m.desyncs.Load()) != c.desyncs || m.agreed.quantile(1) != c.took || late.rested != 1 {
				t.Errorf("%s: %d checks, %d desyncs, agreed after %v ms, rested %d times", name, m.checks.Load(), m.desyncs.Load(), m.agreed.quantile(1), late.rested)
			}
		})
	}
}
