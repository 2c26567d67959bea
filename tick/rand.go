package tick

// Rand is a seeded random number generator.
type Rand struct{ s [4]uint32 }

func NewRand(seed uint64) Rand               { return Rand{} }
func (r *Rand) Uint32() uint32               { return 0 }
func (r *Rand) Uint64() uint64               { return 0 }
func (r *Rand) IntN(n int) int               { return 0 }
func (r *Rand) Float32() float32             { return 0 }
func (r *Rand) Float64() float64             { return 0 }
func (r *Rand) Bool() bool                   { return false }
func (r *Rand) Range(lo, hi float32) float32 { return 0 }
func (r *Rand) State() [2]uint64             { return [2]uint64{} }
func (r *Rand) SetState(s [2]uint64)         {}
