package records_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/recordstest"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

func TestR12_1_EventsAreNeverKept(t *testing.T) {
	room := board(t)
	ann, bob := room.Join("ann"), room.Join("bob")
	live := recordstest.Subscribe[Ping](bob, "Pings", query.All())
	ann.Call(Hello{"hi"})
	if got := live.Rows(); len(got) != 1 || got[0] != (Ping{"ann", "hi"}) {
		t.Errorf("bob heard %v", got)
	}
	err := room.TryWrite(func(b *Board, _ *records.Ctx) error { b.Pings.Send(Ping{"x", "never"}); return errors.New("no") })
	if err == nil || len(live.Rows()) != 1 {
		t.Errorf("an event of a refused transaction: %v", live.Rows())
	}
	late := recordstest.Subscribe[Ping](room.Join("cleo"), "Pings", query.All())
	bob.Reconnect()
	bob.Trace()
	bob.Reconnect()
	if got := late.Rows(); len(got) != 0 {
		t.Errorf("who came late heard %v", got)
	}
	for _, line := range bob.Trace() {
		if strings.HasPrefix(line, "delta") {
			t.Errorf("an event was replayed: %s", line)
		}
	}
	_, err = ann.Operate(value.Operation{Kind: value.Create, Collection: room.Machine().Schema().CollectionIndex("Pings"), Patch: value.Patch{0}})
	refused(t, err, schema.CodeNoSuchCollection)
}

func TestR12_2_AOneShotRunsExactlyOnce(t *testing.T) {
	room := board(t)
	root := room.Join("root")
	if err := root.Create("Tasks", Task{ID: "a", List: "l", Title: "A"}); err != nil {
		t.Fatal(err)
	}
	live := allTasks(root)
	root.Call(CloseAt{Task: "a", In: 60})
	room.Sleep(59 * time.Second)
	if got := live.Rows()[0].State; got != "open" {
		t.Errorf("too early: %s", got)
	}
	room.Restart(0)
	before := room.Store().Clone()
	room.Sleep(2 * time.Second)
	root.Reconnect()
	if got := live.Rows()[0]; got.State != "closed" || !got.UpdatedAt.Equal(time.Date(2000, 1, 1, 0, 1, 0, 0, time.UTC)) {
		t.Errorf("at its time: %+v", got)
	}
	if err := root.Put("Tasks", recordstest.Fields{"ID": "a", "State": "open"}); err != nil {
		t.Fatal(err)
	}
	room.Restart(time.Hour)
	room.View(func(b *Board) {
		if task, _ := b.Tasks.Get("a"); task.State != "open" {
			t.Error("it ran again")
		}
		if _, ok := b.Closing.Next("a"); ok {
			t.Error("it is planned still")
		}
	})
	room.Restore(before) // a crash before the transaction was durable: it runs then
	room.View(func(b *Board) {
		if task, _ := b.Tasks.Get("a"); task.State != "closed" {
			t.Error("it was lost with the crash")
		}
	})
}

func TestR12_2_ClientsCannotCallAScheduledMutation(t *testing.T) {
	room := board(t)
	root := room.Join("root")
	_, err := root.Push(records.Mutate{Name: "CloseTask", Args: []byte{0}})
	refused(t, err, schema.CodeForbidden)
	_, err = root.Push(records.Mutate{Name: "Nonsense"})
	refused(t, err, schema.CodeNoSuchMutation)
	var got records.Receipt
	room.Do(&records.Invoke{Operator: true, Name: "CloseTask", Args: []byte("{}"), Done: func(r records.Receipt) { got = r }})
	if got.Code != schema.CodeForbidden {
		t.Errorf("an operator: %+v", got)
	}
}

// Metronome counts what its schedule does.
type Metronome struct {
	Beats records.Collection[uint32, Beat]
	Every records.Schedule[Tock]
}

type (
	Beat struct {
		records.Meta
		ID uint32 `parlor:"key,auto"`
	}
	Tock struct{ Fail bool }
)

func metronome() records.Room[Metronome] {
	return records.Room[Metronome]{
		Create: func(m *Metronome, _ *records.Ctx) error { m.Every.Every("beat", time.Minute, Tock{}); return nil },
		Schedules: []records.Scheduled[Metronome]{records.Run(func(m *Metronome) *records.Schedule[Tock] { return &m.Every },
			func(m *Metronome, _ *records.Ctx, t Tock) error {
				_, err := m.Beats.Insert(Beat{})
				if t.Fail {
					return errors.New("failed")
				}
				return err
			})},
	}
}

func TestR12_2_AnIntervalRunsOnceAfterALongSleep(t *testing.T) {
	room := recordstest.New(t, metronome())
	beats := func() (times []string) {
		room.View(func(m *Metronome) {
			for _, b := range m.Beats.All() {
				times = append(times, b.CreatedAt.Format("15:04:05"))
			}
		})
		return times
	}
	room.Sleep(150 * time.Second)
	equal(t, "beats", beats(), "00:01:00", "00:02:00")
	room.Restart(time.Hour)
	equal(t, "after an hour's sleep", beats(), "00:01:00", "00:02:00", "01:02:30")
	room.Sleep(time.Minute)
	equal(t, "and then in its old time", beats(), "00:01:00", "00:02:00", "01:02:30", "01:03:00")
	room.Write(func(m *Metronome, _ *records.Ctx) error {
		if !m.Every.Cancel("beat") || m.Every.Cancel("beat") {
			t.Error("Cancel says something else")
		}
		return nil
	})
	room.Sleep(time.Hour)
	if got := beats(); len(got) != 4 {
		t.Errorf("a cancelled plan ran: %v", got)
	}
}

func TestR12_2_PlansAreUndoneWithTheirTransaction(t *testing.T) {
	room := recordstest.New(t, metronome())
	err := room.TryWrite(func(m *Metronome, ctx *records.Ctx) error {
		m.Every.Cancel("beat")
		m.Every.Once("x", ctx.Time(), Tock{})
		m.Every.Once("x", ctx.Time().Add(time.Second), Tock{})
		return errors.New("no")
	})
	if err == nil {
		t.Fatal("it was done")
	}
	room.View(func(m *Metronome) {
		if _, ok := m.Every.Next("x"); ok {
			t.Error("x is planned")
		}
		if at, ok := m.Every.Next("beat"); !ok || !at.Equal(room.Now().Add(time.Minute)) {
			t.Errorf("beat is planned at %v, %v", at, ok)
		}
	})
	room.Sleep(time.Minute)
	room.View(func(m *Metronome) {
		if m.Beats.Len() != 1 {
			t.Errorf("there were %d beats", m.Beats.Len())
		}
	})
}

func TestR12_2_AFailedCallLeavesNothingAndIsNotRepeated(t *testing.T) {
	room := recordstest.New(t, metronome())
	room.Write(func(m *Metronome, ctx *records.Ctx) error {
		m.Every.Once("bad", ctx.Time().Add(time.Second), Tock{Fail: true})
		return nil
	})
	room.Sleep(10 * time.Second)
	room.View(func(m *Metronome) {
		if _, ok := m.Every.Next("bad"); ok || m.Beats.Len() != 0 {
			t.Errorf("planned: %v, beats: %d", ok, m.Beats.Len())
		}
	})
	if !strings.Contains(room.Logs(), "failed") {
		t.Errorf("the log is %q", room.Logs())
	}
}
