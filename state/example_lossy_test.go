package state_test

import (
	"fmt"

	"github.com/parlor-server/parlor/state"
)

type Target struct {
	X    float32
	Name string
}

// A player shot at what it saw half a tick after tick 1: rules ask where its
// target was then.
func ExampleTable_At() {
	var world struct {
		Targets state.Table[Target] `parlor:"rewind"`
	}
	store, err := state.NewStore(&world, state.Options{Hz: 20})
	if err != nil {
		panic(err)
	}
	var id state.ID
	for t := range 3 {
		store.StartTick(store.Tick() + 1)
		store.Begin()
		if t == 0 {
			id = world.Targets.Insert(Target{Name: "ann"})
		}
		world.Targets.Edit(id).X += 10
		store.Commit()
		store.EndTick()
	}
	seen, _ := world.Targets.At(state.MomentAt(1*256 + 128)).Get(id)
	now, _ := world.Targets.Get(id)
	fmt.Println(seen.Name, "was at", seen.X, "and is at", now.X)
	// Output: ann was at 15 and is at 30
}

// A frame is cut into parts of at most 50 bytes; one is lost, and the next
// tick's frame makes up for it.
func ExampleStore_Parts() {
	var world struct{ Targets state.Table[Target] }
	store, err := state.NewStore(&world, state.Options{Hz: 20})
	if err != nil {
		panic(err)
	}
	insert := func(name string) {
		store.StartTick(store.Tick() + 1)
		store.Begin()
		world.Targets.Insert(Target{Name: name})
		store.Commit()
		store.EndTick()
	}
	insert("ann")
	mirror := state.NewMirror(store.Schema())
	if err := mirror.ApplyFrame(store.AppendKeyframe(nil, true), true); err != nil {
		panic(err)
	}
	mirror.Keep(store.Tick())

	for _, name := range []string{"a name of twenty byte", "a name of thirty-three characters"} {
		insert(name)
		var payloads [][]byte
		parts, _, _ := store.Parts(state.LossyTables, 1, 50, false, func(part int, payload []byte) {
			payloads = append(payloads, append([]byte(nil), payload...))
		})
		for part, payload := range payloads {
			if store.Tick() == 2 {
				continue // is lost
			}
			complete, err := mirror.ApplyPart(state.Part{Tick: store.Tick(), Base: 1, Part: part, Parts: parts, Payload: payload})
			if err != nil {
				panic(err)
			}
			fmt.Println("part", part+1, "of", parts, "complete:", complete, "rows:", mirror.TableNamed("Targets").Len())
		}
	}
	// Output:
	// part 1 of 2 complete: false rows: 2
	// part 2 of 2 complete: true rows: 3
}
