package arena

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"testing"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/tick"
)

var update = flag.Bool("update", false, "write what other languages are tested against")

// vector is one case of step for other languages. Numbers are float32.
type vector struct {
	From vectorRow  `json:"from"`
	Move vectorMove `json:"move"`
	To   vectorRow  `json:"to"`
}

type vectorRow struct {
	X   float32 `json:"x"`
	Y   float32 `json:"y"`
	Aim float32 `json:"aim"`
	HP  uint8   `json:"hp"`
}

type vectorMove struct {
	X    int8    `json:"x"`
	Y    int8    `json:"y"`
	Aim  float32 `json:"aim"`
	Fire bool    `json:"fire"`
}

func TestStepVectors(t *testing.T) {
	r := tick.NewRand(1)
	var vectors []vector
	for range 24 { // walks of a second each, from all over the map
		p := Player{X: r.Range(radius, width-radius), Y: r.Range(radius, height-radius), HP: health}
		if !free(float64(p.X), float64(p.Y)) {
			continue
		}
		var m Move
		for i := range int(hz) {
			if i%6 == 0 {
				m = Move{X: int8(r.IntN(15) - 7), Y: int8(r.IntN(15) - 7), Aim: r.Range(-3, 3), Fire: r.Bool()}
			}
			from := vectorRow{p.X, p.Y, p.Aim, p.HP}
			step(&p, m, hz.DT())
			vectors = append(vectors, vector{from, vectorMove(m), vectorRow{p.X, p.Y, p.Aim, p.HP}})
		}
	}
	dead := Player{X: 20, Y: 20}
	step(&dead, Move{X: 7, Aim: 1, Fire: true}, hz.DT())
	vectors = append(vectors, vector{vectorRow{X: 20, Y: 20}, vectorMove{X: 7, Aim: 1, Fire: true}, vectorRow{X: dead.X, Y: dead.Y}})
	compare(t, "testdata/step_vectors.json", vectors)
}

// TestFieldForThePage keeps the page's copy of the map and the numbers that it shows.
func TestFieldForThePage(t *testing.T) {
	rects := [][4]float64{}
	for _, w := range walls {
		rects = append(rects, [4]float64{w.x, w.y, w.w, w.h})
	}
	compare(t, "web/field.json", map[string]any{
		"width": width, "height": height, "radius": radius, "speed": speed, "stick": fullStick, "hz": int(hz), "walls": rects,
		"health": health, "magazine": magazine, "goal": goal, "coolTicks": coolTicks, "respawnSeconds": respawnTime.Seconds(),
		"bulletSpeed": bulletSpeed, "bulletRange": bulletRange, "bulletSize": bulletSize, "maxName": maxName,
	})
}

// compare fails when a file that other languages read is not what the rules say now.
func compare(t *testing.T, path string, v any) {
	t.Helper()
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	if vectors, ok := v.([]vector); ok { // one a line, for readable diffs
		want.WriteString("[\n")
		for i, one := range vectors {
			if i > 0 {
				want.Truncate(want.Len() - 1)
				want.WriteString(",\n")
			}
			if err := encoder.Encode(one); err != nil {
				t.Fatal(err)
			}
		}
		want.WriteString("]\n")
	} else {
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	if *update {
		if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s is out of date; run go test ./demos/arena -update and rebuild the page", path)
	}
}

// free tells that a fighter at (x, y) touches no wall.
func free(x, y float64) bool {
	for i := range walls {
		w := &walls[i]
		dx, dy := x-min(max(x, w.x), w.x+w.w), y-min(max(y, w.y), w.y+w.h)
		if math.Hypot(dx, dy) < radius-0.001 {
			return false
		}
	}
	return min(x, y) > radius-0.001 && x < width-radius+0.001 && y < height-radius+0.001
}

func TestNobodyWalksThroughWalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := rapid.SampledFrom(roamSpots[:]).Draw(t, "start")
		p := Player{X: start.x, Y: start.y, HP: health}
		for range 120 {
			m := Move{X: rapid.Int8Range(-7, 7).Draw(t, "x"), Y: rapid.Int8Range(-7, 7).Draw(t, "y")}
			before := p
			for range 4 {
				step(&p, m, hz.DT())
			}
			if !free(float64(p.X), float64(p.Y)) {
				t.Fatalf("%v from (%v, %v) leads into a wall at (%v, %v)", m, before.X, before.Y, p.X, p.Y)
			}
			if d := distance(before.X, before.Y, p.X, p.Y); d > 4.2*speed*hz.DT() { // around a corner one is pushed on a little
				t.Fatalf("%v leads %v metres in four ticks", m, d)
			}
		}
	})
}

func TestSlidesAlongAWall(t *testing.T) {
	p := Player{X: 26, Y: 6.2, HP: health} // just above a long wall
	for range 30 {
		step(&p, Move{X: 7, Y: 7}, hz.DT())
	}
	if p.X < 32 || p.Y > 6.2+0.001 {
		t.Errorf("ended at (%v, %v), not along the wall", p.X, p.Y)
	}
}

func TestPlacesAreFree(t *testing.T) {
	for _, s := range append(spawnSpots[:], roamSpots[:]...) {
		if !free(float64(s.x), float64(s.y)) {
			t.Errorf("(%v, %v) is in a wall", s.x, s.y)
		}
	}
	for _, p := range pickupSpots {
		if !free(float64(p.X), float64(p.Y)) {
			t.Errorf("the pickup at (%v, %v) is in a wall", p.X, p.Y)
		}
	}
}

// TestDronesCanGoEverywhere walks from place to place as drones do.
func TestDronesCanGoEverywhere(t *testing.T) {
	reached := map[int]bool{0: true}
	for queue := []int{0}; len(queue) > 0; queue = queue[1:] {
		from := roamSpots[queue[0]]
		for i, to := range roamSpots {
			if !reached[i] && sees(from.x, from.y, to.x, to.y, radius*0.9) {
				reached[i] = true
				queue = append(queue, i)
			}
		}
	}
	for i, s := range roamSpots {
		if !reached[i] {
			t.Errorf("no way leads to (%v, %v)", s.x, s.y)
		}
	}
}

func TestTrace(t *testing.T) {
	for _, c := range []struct {
		name         string
		x, y, dx, dy float64
		want         float64
	}{
		{"into the middle block", 25, 20, 8, 0, 0.5},
		{"past it", 25, 23, 8, 0, 1},
		{"away from it", 25, 20, -2, 0, 1},
		{"from inside", 30, 20, 8, 0, 0},
		{"through the border", 62, 10, 4, 0, 0.5},
		{"nowhere", 25, 20, 0, 0, 1},
		{"along a wall's edge", 25, 18, 8, 0, 1},
	} {
		if got := trace(c.x, c.y, c.dx, c.dy, 0); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v is free, want %v", c.name, got, c.want)
		}
	}
}

func TestMeets(t *testing.T) {
	for _, c := range []struct {
		name         string
		x, y, dx, dy float64
		hit          bool
	}{
		{"straight at it", -2, 0, 2, 0, true},
		{"too short", -3, 0, 1, 0, false},
		{"beside it", -2, 1, 4, 0, false},
		{"grazing", -2, 0.94, 4, 0, true},
		{"away", 2, 0, 2, 0, false},
		{"from inside", 0.1, 0, 1, 0, true},
		{"standing", -2, 0, 0, 0, false},
	} {
		if _, hit := meets(c.x, c.y, c.dx, c.dy); hit != c.hit {
			t.Errorf("%s: hit is %v", c.name, hit)
		}
	}
}
