package parlor

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestLogJSON(t *testing.T) {
	var out bytes.Buffer
	logger, err := NewLogger(&out, LogJSON, slog.LevelInfo)
	if err != nil {
		t.Fatal(err)
	}
	logger.Debug("not this one")
	logger.With("room", "r1").WithGroup("tick").Error("it failed", "error", errors.New("boom"), "number", 7)

	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("not one JSON object: %v in %q", err, out.String())
	}
	stamp, _ := line["time"].(string)
	if _, err := time.Parse(logTime, stamp); err != nil {
		t.Errorf("the time is %v, want it with milliseconds", line["time"])
	}
	delete(line, "time")
	want := map[string]any{"level": "error", "message": "it failed", "room": "r1", "tick.error": "boom", "tick.number": 7.0}
	for k, v := range want {
		if line[k] != v {
			t.Errorf("%s is %v, want %v; all: %v", k, line[k], v, line)
		}
	}
	if len(line) != len(want) {
		t.Errorf("got %v, want only %v", line, want)
	}
}

func TestLogText(t *testing.T) {
	var out bytes.Buffer
	level := new(slog.LevelVar)
	logger, err := NewLogger(&out, LogText, level)
	if err != nil {
		t.Fatal(err)
	}
	level.Set(slog.LevelWarn)
	logger.Info("too low")
	logger.Warn("the room is late", "room", "r1")
	got := strings.TrimSpace(out.String())
	if !strings.HasSuffix(got, "WRN the room is late room=r1") || strings.Contains(got, "<nil>") {
		t.Errorf("got %q", got)
	}
	if _, err := time.Parse("15:04:05.000", strings.Fields(got)[0]); err != nil {
		t.Errorf("the line does not begin with a time with milliseconds: %q", got)
	}
}

func TestLogFormatUnknown(t *testing.T) {
	if _, err := NewLogger(&bytes.Buffer{}, "xml", slog.LevelInfo); err == nil || !strings.Contains(err.Error(), "json") {
		t.Errorf("got %v, want an error that names the formats", err)
	}
}
