package rooms

import (
	"errors"
	"fmt"
	"io"

	"github.com/parlor-server/parlor/rooms/record"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// Difference is where two recordings part.
type Difference struct {
	Tick  tick.Tick // the first tick with another hash
	Field string    // the first table, row and column that differ, with both values
	Input string    // the first input of that tick that differs; empty if none does
}

// Bisect finds the first tick at which two recordings of one kind differ, and
// the first field that differs after it; nil when they agree for as long as
// both go.
func Bisect(kinds []Kind, pathA, pathB string, opts record.ReadOptions) (*Difference, error) {
	at, input, err := firstDifference(pathA, pathB, opts)
	if err != nil || at == 0 {
		return nil, err
	}
	a, err := replayTo(kinds, pathA, at, opts)
	if err != nil {
		return nil, err
	}
	b, err := replayTo(kinds, pathB, at, opts)
	if err != nil {
		return nil, err
	}
	field, differs := state.Diff(a.store, b.store)
	if !differs {
		field = "nothing that this program can tell apart; replay verify says whether both agree with it"
	}
	return &Difference{Tick: at, Field: field, Input: input}, nil
}

func replayTo(kinds []Kind, path string, at tick.Tick, opts record.ReadOptions) (*GameRoom, error) {
	r, err := OpenReplay(kinds, path, opts)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var unlike *Mismatch // the rules of the recording were others: this program's still show a difference of inputs
	if err := r.To(at); err != nil && (!errors.As(err, &unlike) || unlike.Tick != at) {
		return nil, err
	}
	return r.room, nil
}

// firstDifference compares recorded hashes; nothing is simulated.
func firstDifference(pathA, pathB string, opts record.ReadOptions) (at tick.Tick, input string, err error) {
	a, err := readTicks(pathA, opts)
	if err != nil {
		return 0, "", err
	}
	b, err := readTicks(pathB, opts)
	if err != nil {
		return 0, "", err
	}
	if len(a) == 0 || len(b) == 0 {
		return 0, "", nil
	}
	common := false
	for _, ta := range a {
		i := int(ta.at) - int(b[0].at)
		if i < 0 || i >= len(b) || b[i].at != ta.at {
			continue
		}
		common = true
		if ta.hash != b[i].hash {
			return ta.at, differingInput(ta.inputs, b[i].inputs), nil
		}
	}
	if !common {
		return 0, "", fmt.Errorf("the recordings have no tick in common: %d to %d and %d to %d", a[0].at, a[len(a)-1].at, b[0].at, b[len(b)-1].at)
	}
	return 0, "", nil
}

type recordedTick struct {
	at     tick.Tick
	hash   record.Hash
	inputs []string
}

func readTicks(path string, opts record.ReadOptions) ([]recordedTick, error) {
	reader, err := record.Open(path, opts)
	if err != nil {
		return nil, err
	}
	var ticks []recordedTick
	var inputs []string
	for {
		segment, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return ticks, nil
		}
		if err != nil {
			return nil, err
		}
		if segment.Gap {
			return ticks, nil
		}
		for e := range segment.Entries() {
			switch e.Kind {
			case record.EntryInput:
				inputs = append(inputs, describeOp(e.Input))
			case record.EntryTickEnd:
				ticks = append(ticks, recordedTick{e.Tick, e.Hash, inputs})
				inputs = nil
			}
		}
	}
}

func describeOp(in record.Input) string {
	names := map[OpKind]string{
		OpCreate: "create", OpJoin: "join", OpRejoin: "rejoin", OpLost: "lost", OpLeave: "leave",
		OpCommand: "command", OpNeutral: "neutral command", OpEvent: "event", OpDispose: "dispose", OpLag: "lag", OpWritten: "outcome of a write",
	}
	return fmt.Sprintf("%s %d of player %d: %x", names[OpKind(in.Kind)], in.Index, in.Player, in.Payload)
}

func differingInput(a, b []string) string {
	for i := range max(len(a), len(b)) {
		left, right := "nothing", "nothing"
		if i < len(a) {
			left = a[i]
		}
		if i < len(b) {
			right = b[i]
		}
		if left != right {
			return left + " ≠ " + right
		}
	}
	return ""
}
