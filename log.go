package parlor

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/rs/zerolog"
)

// LogFormat is how log lines look.
type LogFormat string

// The formats of a log.
const (
	LogText    LogFormat = "text"    // one line for a human's eyes
	LogColored LogFormat = "colored" // the same with colours, for a terminal
	LogJSON    LogFormat = "json"    // one JSON object a line, for machines
)

// logTime has milliseconds: a room's tick is not much longer.
const logTime = "2006-01-02T15:04:05.000Z07:00"

// NewLogger returns a logger that writes lines to w. The level may be a
// *slog.LevelVar, to change it later. It may be used by many goroutines if w may.
func NewLogger(w io.Writer, format LogFormat, level slog.Leveler) (*slog.Logger, error) {
	switch format {
	case LogJSON:
	case LogText, LogColored:
		w = zerolog.ConsoleWriter{Out: w, NoColor: format == LogText, TimeFormat: "15:04:05.000"}
	default:
		return nil, fmt.Errorf("unknown log format %q: use %s or %s", format, LogText, LogJSON)
	}
	lines := zerolog.New(w).Level(zerolog.DebugLevel).Hook(zerolog.HookFunc(stamp))
	return slog.New(logHandler{zerolog.NewSlogHandler(lines), level, ""}), nil
}

func stamp(e *zerolog.Event, _ zerolog.Level, _ string) {
	e.Str(zerolog.TimestampFieldName, time.Now().UTC().Format(logTime))
}

// logHandler corrects zerolog's handler: the level can change, times have
// milliseconds (stamp writes them), and a group names only the attributes that
// come after it. It changes none of zerolog's package-wide settings.
type logHandler struct {
	slog.Handler
	level slog.Leveler
	group string // "" or "outer.inner."
}

func (h logHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.level.Level()
}

func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	line := slog.NewRecord(time.Time{}, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		line.AddAttrs(h.grouped(a))
		return true
	})
	if err := h.Handler.Handle(ctx, line); err != nil {
		return fmt.Errorf("failed to write a log line: %w", err)
	}
	return nil
}

func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	in := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		in[i] = h.grouped(a)
	}
	return logHandler{h.Handler.WithAttrs(in), h.level, h.group}
}

func (h logHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return logHandler{h.Handler, h.level, h.group + name + "."}
}

func (h logHandler) grouped(a slog.Attr) slog.Attr {
	if a.Key != "" {
		a.Key = h.group + a.Key
	}
	return a
}
