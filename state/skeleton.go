// Package state holds a room's world: typed tables whose changes are found, sent, hashed and undone.
package state

import (
	"io"
	"iter"
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/tick"
)

type ID uint32
type TimerID uint64
type Hash struct{ A, B uint32 }
type Options struct {
	Hz   tick.Rate
	Seed uint64
}
type Table[T any] struct{ t *T }

func (t *Table[T]) Insert(v T) ID            { panic("todo") }
func (t *Table[T]) Put(id ID, v T)           { panic("todo") }
func (t *Table[T]) Get(id ID) (v T, ok bool) { panic("todo") }
func (t *Table[T]) Edit(id ID) *T            { panic("todo") }
func (t *Table[T]) Delete(id ID) bool        { panic("todo") }
func (t *Table[T]) Has(id ID) bool           { panic("todo") }
func (t *Table[T]) Len() int                 { panic("todo") }
func (t *Table[T]) All() iter.Seq2[ID, T]    { panic("todo") }
func (t *Table[T]) IDs() iter.Seq[ID]        { panic("todo") }

type Value[T any] struct{ t *T }

func (v *Value[T]) Get() T   { panic("todo") }
func (v *Value[T]) Set(x T)  { panic("todo") }
func (v *Value[T]) Edit() *T { panic("todo") }

type Event[T any] struct{ t *T }

func (e *Event[T]) Send(v T)      { panic("todo") }
func (e *Event[T]) To(id ID, v T) { panic("todo") }

type Timers[T any] struct{ t *T }

func (t *Timers[T]) After(d time.Duration, v T) TimerID { panic("todo") }
func (t *Timers[T]) At(at tick.Tick, v T) TimerID       { panic("todo") }
func (t *Timers[T]) Cancel(id TimerID) bool             { panic("todo") }
func (t *Timers[T]) Due() iter.Seq[T]                   { panic("todo") }
func (t *Timers[T]) Len() int                           { panic("todo") }

type Index[K comparable, T any] struct {
	k *K
	t *T
}

func (x *Index[K, T]) Get(k K) iter.Seq[ID] { panic("todo") }

type Store struct{ t int }

func NewStore(world any, opts Options) (*Store, error)                                { panic("todo") }
func (s *Store) Schema() schema.Schema                                                { panic("todo") }
func (s *Store) Rand() *tick.Rand                                                     { panic("todo") }
func (s *Store) StartTick(t tick.Tick)                                                { panic("todo") }
func (s *Store) Tick() tick.Tick                                                      { panic("todo") }
func (s *Store) Begin()                                                               { panic("todo") }
func (s *Store) Commit()                                                              { panic("todo") }
func (s *Store) Rollback()                                                            { panic("todo") }
func (s *Store) EndTick()                                                             { panic("todo") }
func (s *Store) PublicHash() Hash                                                     { panic("todo") }
func (s *Store) FullHash() Hash                                                       { panic("todo") }
func (s *Store) Changed() bool                                                        { panic("todo") }
func (s *Store) TimersPending() int                                                   { panic("todo") }
func (s *Store) AppendDelta(dst []byte, base tick.Tick, withHash bool) ([]byte, bool) { panic("todo") }
func (s *Store) AppendKeyframe(dst []byte, withHash bool) []byte                      { panic("todo") }
func (s *Store) HasOwner() bool                                                       { panic("todo") }
func (s *Store) AppendOwner(dst []byte, player ID, full bool) (payload []byte, any bool) {
	panic("todo")
}
func (s *Store) AppendEvents(dst []byte) (payload []byte, any bool)              { panic("todo") }
func (s *Store) AppendEventsTo(dst []byte, player ID) (payload []byte, any bool) { panic("todo") }
func (s *Store) EventTargets() bool                                              { panic("todo") }
func (s *Store) AppendSnapshot(dst []byte) []byte                                { panic("todo") }
func (s *Store) LoadSnapshot(snapshot []byte) error                              { panic("todo") }
func (s *Store) Describe(w io.Writer)                                            { panic("todo") }
func Diff(a, b *Store) (field string, differs bool)                              { panic("todo") }

type Record[T any] struct{ t *T }

func RecordOf[T any]() (*Record[T], error)             { panic("todo") }
func (r *Record[T]) Name() string                      { panic("todo") }
func (r *Record[T]) Columns() []schema.Column          { panic("todo") }
func (r *Record[T]) Append(dst []byte, v *T) []byte    { panic("todo") }
func (r *Record[T]) Decode(payload []byte, v *T) error { panic("todo") }

type Cell struct{ t int }

func (c Cell) Float64() float64 { panic("todo") }
func (c Cell) Int64() int64     { panic("todo") }
func (c Cell) Uint64() uint64   { panic("todo") }
func (c Cell) Bool() bool       { panic("todo") }
func (c Cell) String() string   { panic("todo") }

type Mirror struct{ t int }

func NewMirror(s schema.Schema) *Mirror                          { panic("todo") }
func (m *Mirror) Schema() schema.Schema                          { panic("todo") }
func (m *Mirror) ApplyFrame(payload []byte, keyframe bool) error { panic("todo") }
func (m *Mirror) ApplyOwner(payload []byte) error                { panic("todo") }
func (m *Mirror) DecodeEvents(payload []byte, receive func(event int, cells []Cell)) error {
	panic("todo")
}
func (m *Mirror) Hash() Hash                          { panic("todo") }
func (m *Mirror) LastFrameHash() (Hash, bool)         { panic("todo") }
func (m *Mirror) Table(i int) *MirrorTable            { panic("todo") }
func (m *Mirror) TableNamed(name string) *MirrorTable { panic("todo") }

type MirrorTable struct{ t int }

func (t *MirrorTable) Len() int              { panic("todo") }
func (t *MirrorTable) IDs() iter.Seq[ID]     { panic("todo") }
func (t *MirrorTable) Has(id ID) bool        { panic("todo") }
func (t *MirrorTable) Row(id ID) (Row, bool) { panic("todo") }
func (t *MirrorTable) Added() []ID           { panic("todo") }
func (t *MirrorTable) Changed() []ID         { panic("todo") }
func (t *MirrorTable) Removed() []ID         { panic("todo") }
func (t *MirrorTable) OwnerChanged() []ID    { panic("todo") }

// Row reads the cells of one row; column is an index in TableDef.Columns.
type Row struct{ t int }

func (r Row) Cell(column int) (c Cell, ok bool) { panic("todo") }
func (r Row) Float64(column int) float64        { panic("todo") }
func (r Row) Int64(column int) int64            { panic("todo") }
func (r Row) String(column int) string          { panic("todo") }

type View[T any] struct{ t *T }

func ViewOf[T any](m *Mirror, table string) (*View[T], error) { panic("todo") }
func (v *View[T]) Get(id ID) (row T, ok bool)                 { panic("todo") }
func (v *View[T]) Value() T                                   { panic("todo") }
func (v *View[T]) Len() int                                   { panic("todo") }
func (v *View[T]) All() iter.Seq2[ID, T]                      { panic("todo") }
func (v *View[T]) Added() iter.Seq2[ID, T]                    { panic("todo") }
func (v *View[T]) Changed() iter.Seq2[ID, T]                  { panic("todo") }
func (v *View[T]) Removed() iter.Seq[ID]                      { panic("todo") }

// EventView turns the cells of one kind of event into a T.
type EventView[T any] struct{ t *T }

func EventViewOf[T any](m *Mirror, event string) (*EventView[T], error) { panic("todo") }
func (v *EventView[T]) Index() int                                      { panic("todo") }
func (v *EventView[T]) Read(cells []Cell) T                             { panic("todo") }
