//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// counts reads what a server counts of itself, before and after a window.
// Being asked costs the server time and memory, so that is done outside the
// window, and the memory is measured and taken off.
type counts struct {
	admin   string // "": there is nothing to ask
	client  http.Client
	before  metrics
	mallocs float64 // before
	asking  float64 // allocations of reading metrics twice and mallocs once
}

func newCounts(admin string) *counts {
	return &counts{admin: admin, client: http.Client{Timeout: 5 * time.Second}}
}

func (c *counts) begin() error {
	if c.admin == "" {
		return nil
	}
	var at [2]float64
	for i := range at {
		for range 2 {
			var err error
			if c.before, err = c.metrics(); err != nil {
				return err
			}
		}
		var err error
		if at[i], err = c.mallocsNow(); err != nil {
			return err
		}
	}
	c.mallocs, c.asking = at[1], at[1]-at[0]
	var err error
	c.before, err = c.metrics()
	return err
}

func (c *counts) end() (serverCounts, error) {
	if c.admin == "" {
		return serverCounts{}, nil
	}
	after, err := c.metrics()
	if err != nil {
		return serverCounts{}, err
	}
	mallocs, err := c.mallocsNow()
	if err != nil {
		return serverCounts{}, err
	}
	d := after.minus(c.before)
	return serverCounts{
		Ticks:         d.values["parlor_ticks_total"],
		LateP50:       d.quantile("parlor_tick_lateness_seconds", 0.5) * 1e3,
		LateP99:       d.quantile("parlor_tick_lateness_seconds", 0.99) * 1e3,
		DurationMean:  d.values["parlor_tick_duration_seconds_sum"] / math.Max(1, d.values["parlor_tick_duration_seconds_count"]) * 1e6,
		Mallocs:       math.Max(0, mallocs-c.mallocs-c.asking),
		Repeated:      d.values["parlor_commands_repeated_total"] + d.values["parlor_commands_neutral_total"],
		Late:          d.values["parlor_commands_late_total"],
		Collections:   d.values["go_gc_duration_seconds_count"],
		FramesDropped: d.values["parlor_frames_held_total"],
		Goroutines:    after.values["go_goroutines"],
		Heap:          after.values["go_memstats_heap_inuse_bytes"],
	}, nil
}

func (c *counts) get(path string) (string, error) {
	r, err := c.client.Get(c.admin + path)
	if err != nil {
		return "", fmt.Errorf("failed to ask the server for its counts: %w", err)
	}
	defer func() { _ = r.Body.Close() }()
	b, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		return "", fmt.Errorf("failed to ask the server for its counts: %s: %s: %w", path, r.Status, err)
	}
	return string(b), nil
}

func (c *counts) metrics() (metrics, error) {
	text, err := c.get("metrics")
	return parseMetrics(text), err
}

// mallocsNow is the exact number of allocations so far. The metric of the same
// name lags behind by what each processor has not yet accounted for.
func (c *counts) mallocsNow() (float64, error) {
	text, err := c.get("debug/pprof/heap?debug=1")
	if err != nil {
		return 0, err
	}
	found := regexp.MustCompile(`(?m)^# Mallocs = (\d+)$`).FindStringSubmatch(text)
	if found == nil {
		return 0, fmt.Errorf("the server's heap profile does not say how many allocations there were")
	}
	return strconv.ParseFloat(found[1], 64)
}

// metrics is a page in Prometheus' text format, without labels but those of
// histograms.
type metrics struct {
	values  map[string]float64
	buckets map[string][]bucket
}

// bucket is how many values of a histogram are at most a bound.
type bucket struct{ bound, count float64 }

func parseMetrics(page string) metrics {
	m := metrics{make(map[string]float64), make(map[string][]bucket)}
	lines := bufio.NewScanner(strings.NewReader(page))
	for lines.Scan() {
		name, text, _ := strings.Cut(lines.Text(), " ")
		v, err := strconv.ParseFloat(text, 64)
		if strings.HasPrefix(name, "#") || err != nil {
			continue
		}
		base, label, ok := strings.Cut(name, `_bucket{le="`)
		if !ok {
			m.values[name] = v
			continue
		}
		bound, err := strconv.ParseFloat(strings.TrimSuffix(label, `"}`), 64) // +Inf is one
		if err == nil {
			m.buckets[base] = append(m.buckets[base], bucket{bound, v})
		}
	}
	return m
}

// minus is what was counted since another page.
func (m metrics) minus(earlier metrics) metrics {
	d := metrics{make(map[string]float64), make(map[string][]bucket)}
	for name, v := range m.values {
		d.values[name] = v - earlier.values[name]
	}
	for name, now := range m.buckets {
		was := earlier.buckets[name]
		for i, b := range now {
			if i < len(was) {
				b.count -= was[i].count
			}
			d.buckets[name] = append(d.buckets[name], b)
		}
	}
	return d
}

// quantile estimates, as Prometheus does, the value that the share q of a
// histogram stays within: evenly spread inside its bucket.
func (m metrics) quantile(name string, q float64) float64 {
	buckets := m.buckets[name]
	slices.SortFunc(buckets, func(a, b bucket) int {
		if a.bound < b.bound {
			return -1
		}
		return 1
	})
	if len(buckets) == 0 || buckets[len(buckets)-1].count == 0 {
		return 0
	}
	rank := q * buckets[len(buckets)-1].count
	var below bucket
	for _, b := range buckets {
		if b.count >= rank {
			if math.IsInf(b.bound, 1) {
				return below.bound
			}
			return below.bound + (b.bound-below.bound)*(rank-below.count)/math.Max(1, b.count-below.count)
		}
		below = b
	}
	return below.bound
}
