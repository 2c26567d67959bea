package state

import (
	"math"
	"strings"
	"testing"
	"unsafe"

	"github.com/parlor-server/parlor/schema"
)

// Point is embedded in a row.
type Point struct{ X int }

func refusal[W any](t *testing.T) string {
	t.Helper()
	if _, err := NewStore(new(W), Options{Hz: 20}); err != nil {
		return err.Error()
	}
	return "accepted"
}

func TestRefusedWorlds(t *testing.T) {
	type pointer struct{ P *int }
	type slice struct{ S []int }
	type deep struct{ In struct{ M [2]map[int]int } }
	type hidden struct{ x int }
	type twice struct {
		Point
		X int
	}
	_ = hidden{}.x
	cases := []struct{ name, got, want string }{
		{"map", refusal[struct{ Names map[string]int }](t), "World.Names: map[string]int is not a state type; use state.Table"},
		{"number", refusal[struct{ N int }](t), "World.N: int is not a state type; use state.Value"},
		{"function", refusal[struct{ F func() }](t), "World.F: func() is not a state type"},
		{"pointer to a table", refusal[struct{ T *Table[point] }](t), "World.T: *state.Table"},
		{"unexported", refusal[struct{ players Table[point] }](t), "World.players: is not exported"},
		{"pointer in a row", refusal[struct{ T Table[pointer] }](t), "World.T.P: *int is no column type"},
		{"slice in a row", refusal[struct{ T Table[slice] }](t), "World.T.S: []int is no column type"},
		{"deep in a row", refusal[struct{ T Table[deep] }](t), "World.T.In.M.0: map[int]int is no column type"},
		{"unexported column", refusal[struct{ T Table[hidden] }](t), "World.T.x: is not exported"},
		{"two columns of a name", refusal[struct{ T Table[twice] }](t), "World.T.X: two columns have this name"},
		{"too many columns", refusal[struct{ T Table[[257]bool] }](t), "at most 256 columns"},
		{"reliable column", refusal[struct {
			T Table[struct {
				X float32 `parlor:"reliable"`
			}]
		}](t), "World.T.X: reliable and rewind are for a whole table"},
		{"reliable event", refusal[struct {
			E Event[struct{}] `parlor:"reliable"`
		}](t), "World.E: reliable and rewind are for a whole table"},
		{"timers to rewind", refusal[struct {
			E Timers[struct{}] `parlor:"rewind"`
		}](t), "World.E: reliable and rewind are for a whole table"},
		{"index to rewind", refusal[struct {
			E Index[int, point] `parlor:"rewind"`
		}](t), "World.E: reliable and rewind are for a whole table"},
		{"value to rewind", refusal[struct {
			V Value[int] `parlor:"rewind"`
		}](t), "World.V: rewind is for a state.Table"},
		{"reliable and local", refusal[struct {
			V Value[int] `parlor:"reliable,local"`
		}](t), "World.V: reliable is for what is sent"},
		{"unknown option", refusal[struct {
			T Table[struct {
				X float32 `parlor:"quantum=1"`
			}]
		}](t), `World.T.X: tag "quantum=1": unknown option`},
		{"quant of an integer", refusal[struct {
			T Table[struct {
				X int `parlor:"quant=1"`
			}]
		}](t), "quant is for floats"},
		{"no step", refusal[struct {
			T Table[struct {
				X float32 `parlor:"quant=0"`
			}]
		}](t), "above 0"},
		{"snap without quant", refusal[struct {
			T Table[struct {
				X float32 `parlor:"snap"`
			}]
		}](t), "snap needs a quant"},
		{"bounds the wrong way", refusal[struct {
			T Table[struct {
				X float32 `parlor:"min=2,max=1"`
			}]
		}](t), "min is above max"},
		{"bound beyond the kind", refusal[struct {
			T Table[struct {
				X int8 `parlor:"max=128"`
			}]
		}](t), "128 is outside of int8"},
		{"too many steps", refusal[struct {
			T Table[struct {
				X float64 `parlor:"quant=0.001,max=1e9"`
			}]
		}](t), "more steps than 32 bits"},
		{"owner and local", refusal[struct {
			T Table[struct {
				X int `parlor:"owner,local"`
			}]
		}](t), "local or owner"},
		{"owned is no ID", refusal[struct {
			T Table[struct {
				X int `parlor:"owned"`
			}]
		}](t), "owned is for a state.ID"},
		{"owner column in a value", refusal[struct {
			V Value[struct {
				X int `parlor:"owner"`
			}]
		}](t), "a value has no owner"},
		{"owner column in an event", refusal[struct {
			E Event[struct {
				X int `parlor:"owner"`
			}]
		}](t), "World.E.X: an event has no local, owner or owned columns"},
		{"index without a table", refusal[struct {
			I Index[int, point] `parlor:"column=X"`
		}](t), "World.I: there is no table"},
		{"index of another type", refusal[struct {
			T Table[shot]
			I Index[int, shot] `parlor:"column=Team"`
		}](t), "the key type int is not that of Team, uint8"},
		{"index of floats", refusal[struct {
			T Table[point]
			I Index[float32, point] `parlor:"column=X"`
		}](t), "a key holds no floats"},
		{"index of nothing", refusal[struct {
			T Table[shot]
			I Index[uint8, shot] `parlor:"column=Tem"`
		}](t), "has no field Tem"},
		{"index with a choice", refusal[struct {
			A, B Table[shot]
			I    Index[uint8, shot] `parlor:"column=Team"`
		}](t), "several tables"},
		{"no tables", refusal[struct{}](t), "accepted"},
		{"padding and embedded structs", refusal[struct {
			T Table[struct {
				_ int32
				Point
			}]
		}](t), "accepted"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(c.got, c.want) {
				t.Errorf("got %q, want %q", c.got, c.want)
			}
		})
	}
	if _, err := NewStore(testWorld{}, Options{Hz: 20}); err == nil {
		t.Error("a world that is no pointer was taken")
	}
	if _, err := NewStore(&testWorld{}, Options{Hz: 0}); err == nil {
		t.Error("a rate of 0 was taken")
	}
}

func TestMisusePanicsWithTheReason(t *testing.T) {
	w, s := newTestWorld(t)
	cases := []struct {
		name, want string
		do         func()
	}{
		{"insert outside of a call", "World.Shots is changed outside of a call", func() { w.Shots.Insert(shot{}) }},
		{"set outside of a call", "World.Round is changed outside of a call", func() { w.Round.Set(1) }},
		{"event outside of a call", "World.Kills is sent outside of a call", func() { w.Kills.Send(kill{}) }},
		{"timer outside of a call", "World.Wakes is changed outside of a call", func() { w.Wakes.After(1, 0) }},
		{"put without an ID", "World.Shots.Put needs an ID", func() { s.Begin(); defer s.Rollback(); w.Shots.Put(0, shot{}) }},
		{"begin twice", "Begin inside a call", func() { s.Begin(); defer s.Rollback(); s.Begin() }},
		{"commit alone", "Commit without Begin", func() { s.Commit() }},
		{"end alone", "EndTick inside a call, or without StartTick", func() { s.EndTick() }},
		{"no store", "before state.NewStore", func() { new(testWorld).Shots.Len() }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			defer func() {
				if text, _ := recover().(string); !strings.Contains(text, c.want) {
					t.Errorf("got %q, want %q", text, c.want)
				}
			}()
			c.do()
		})
	}
}

func TestWireValues(t *testing.T) {
	f32 := func(v float32) uint64 { return uint64(math.Float32bits(v)) }
	f64 := math.Float64bits
	quant := func(k schema.ColumnKind, step float64) schema.Column { return schema.Column{Kind: k, Quant: step} }
	negative := func(v int32) uint64 { return uint64(uint32(v)) }
	cases := []struct {
		name   string
		column schema.Column
		exact  uint64
		wire   uint64
	}{
		{"half a step goes up", quant(schema.Float32, 0.5), f32(0.25), 1},
		{"also below zero", quant(schema.Float32, 0.5), f32(-0.25), 0},
		{"a little below goes down", quant(schema.Float32, 0.5), f32(-0.26), negative(-1)},
		{"no number", quant(schema.Float32, 0.5), nan32, 0},
		{"infinite", quant(schema.Float64, 1), f64(math.Inf(1)), math.MaxInt32},
		{"beyond 32 bits", quant(schema.Float64, 1), f64(-1e300), negative(math.MinInt32)},
		{"largest", quant(schema.Float64, 1), f64(math.MaxInt32), math.MaxInt32},
		{"exact", schema.Column{Kind: schema.Float32}, f32(1.5), f32(1.5)},
	}
	for _, c := range cases {
		if got := toWire(&c.column, c.exact); got != c.wire {
			t.Errorf("%s: %#x, want %#x", c.name, got, c.wire)
		}
	}
}

func TestCanonicalFloats(t *testing.T) {
	type row struct {
		A float32
		B float64
	}
	columns, err := columnsOf(reflectType[row](), tagOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := row{math.Float32frombits(0xff812345), math.Copysign(0, -1)}
	for i := range columns {
		columns[i].settle(unsafe.Pointer(&r))
	}
	if math.Float32bits(r.A) != nan32 || math.Signbit(r.B) {
		t.Errorf("settled to %#x, %v", math.Float32bits(r.A), r.B)
	}
}
