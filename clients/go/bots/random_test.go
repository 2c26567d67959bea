package bots

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// Random inputs are such that the server takes them.
func TestRandomValuesAreValid(t *testing.T) {
	type input struct {
		B   bool
		I   int8 `parlor:"min=-1,max=1"`
		J   int16
		U   uint64
		V   uint32  `parlor:"min=3"`
		Q   float32 `parlor:"quant=0.01,angle"`
		R   float32 `parlor:"quant=0.5,min=0,max=100"`
		F   float64 `parlor:"max=-4"`
		S   string  `parlor:"min=5,max=9"`
		Who state.ID
	}
	record, err := state.RecordOf[input]()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		var values []client.InputValue
		for _, c := range record.Columns() {
			values = append(values, randomValue(r, c, 1<<20|4))
		}
		var got input
		if err := record.Decode(client.AppendInput(nil, record.Columns(), values), &got); err != nil {
			t.Fatalf("%+v: %v", values, err)
		}
		if got.I < -1 || got.I > 1 || got.R < 0 || got.R > 100 || math.Abs(float64(got.Q)) > 3.15 || got.Who.Slot() != 4 {
			t.Fatalf("decoded %+v", got)
		}
	})
}

func TestAcks(t *testing.T) {
	var a acks
	var h histogram
	start := time.Unix(1000, 0)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	for n := tick.Tick(1); n <= 4; n++ {
		a.sent(n, at(int(n)))
	}
	a.sent(4, at(100)) // the first one counts
	a.acknowledged(2, at(21), &h)
	a.acknowledged(2, at(500), &h)
	a.acknowledged(4, at(34), &h)
	a.acknowledged(3, at(600), &h)
	for q, want := range map[float64]float64{0.25: 19.1, 0.5: 20.1, 0.75: 30.1, 1: 31.1} {
		if got := h.quantile(q); math.Abs(got-want) > 1e-9 {
			t.Errorf("quantile %v: %v ms, want %v", q, got, want)
		}
	}
	h.reset()
	if h.quantile(0.5) != 0 {
		t.Error("an empty histogram has a median")
	}
	h.add(time.Hour)
	h.add(-time.Second)
	if h.quantile(0.5) != 0.1 || h.quantile(1) != 2000 {
		t.Errorf("durations out of range: %v to %v", h.quantile(0.5), h.quantile(1))
	}
}
