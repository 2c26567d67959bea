package presence

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/presence/wire"
	"github.com/parlor-server/parlor/tick"
)

// Bounds of what a kind may ask for.
const (
	maxFrame   = 192 << 10 // bytes of one Crowd's payload
	frameSpare = 16 << 10  // of it, for those who left and for groups
	shownCost  = 208       // bytes of an entry beside its state: user, group and numbers
	maxName    = 64        // bytes of a kind's name
)

// definition is a kind of rooms. It is immutable, and shared by all of them.
type definition struct {
	name       string
	hz         int
	maxMembers int
	timeout    time.Duration
	stateBytes int
	sample     int
	maxGroups  int
	cell       float32
	wire       wire.Descriptor
	blank      value.Row // what a member shows that never showed anything
	casts      []castOf  // in the order of wire.Casts
	castByName map[string]int
	castByType map[reflect.Type]int
	descriptor []byte
	hash       uint64
	checks     bool // what is shown has to be seen as a T: by a Check hook, or because JSON in it must fit
	joins      bool // there is a Join hook
	typed      func() typed
	see        func(u User, room string) error
	err        error
}

// typed does with states what takes their type. It has scratch memory: each
// machine has its own.
type typed interface {
	// join appends the first state of a user.
	join(dst []byte, u User) ([]byte, error)
	// check asks the Check hook, if there is one, and appends what now became.
	check(dst []byte, u User, old, now value.Row) ([]byte, error)
	// position says where a state is.
	position(row value.Row) (x, y float32)
	// group asks the Group hook.
	group(u User, name string) error
	// from is the state of a cast's sender, as a *T.
	from(row value.Row) (any, error)
}

func define[T any](name string, room Room[T]) *definition {
	d := &definition{
		name: name, hz: orDefault(room.Hz, 30), maxMembers: orDefault(room.MaxMembers, 1000),
		timeout: orDefault(room.Timeout, 30*time.Second), stateBytes: orDefault(room.StateBytes, 1<<10),
		sample: orDefault(room.Sample, 128), maxGroups: orDefault(room.MaxGroups, 8), cell: orDefault(room.Cell, 512),
		checks: room.Check != nil, joins: room.Join != nil, see: room.See,
		castByName: make(map[string]int), castByType: make(map[reflect.Type]int),
	}
	codec, args, err := value.BindArgs[T]()
	if err != nil {
		d.fail(err)
		return d
	}
	d.typed = func() typed { return &states[T]{codec: codec, room: &room} }
	d.wire = wire.Descriptor{
		State:   *args.Collection(),
		Timeout: uint32(d.timeout.Milliseconds()), Sample: uint32(d.sample),
		Position: room.Position != nil, Groups: room.Group != nil,
	}
	for _, f := range args.Args {
		d.checks = d.checks || f.Kind == value.JSON
	}
	d.blank = d.wire.State.New(nil)
	for _, c := range room.Casts {
		d.addCast(c.cast)
	}
	if d.descriptor, err = d.wire.Encode(); err != nil {
		d.fail(err)
	}
	d.hash = hash(d.descriptor)
	d.check()
	return d
}

func orDefault[N int | float32 | time.Duration](n, otherwise N) N {
	if n == 0 {
		return otherwise
	}
	return n
}

func (d *definition) fail(err error) {
	if d.err == nil {
		d.err = fmt.Errorf("presence: room kind %q: %w", d.name, err)
	}
}

func (d *definition) addCast(c castOf) {
	if c.err != nil {
		d.fail(c.err)
		return
	}
	if _, ok := d.castByName[c.shape.Name]; ok {
		d.fail(fmt.Errorf("there are two casts %s: their types must have names of their own", c.shape.Name))
		return
	}
	at := len(d.casts)
	d.castByName[c.shape.Name], d.castByType[c.typ] = at, at
	d.casts = append(d.casts, c)
	d.wire.Casts = append(d.wire.Casts, *c.shape)
}

// check reports what the kind's numbers are wrong about.
func (d *definition) check() {
	switch {
	case d.name == "" || len(d.name) > maxName || strings.Contains(d.name, "/"):
		d.fail(fmt.Errorf("a name has 1 to %d bytes and no slash", maxName))
	case tick.Rate(d.hz).Validate() != nil:
		d.fail(fmt.Errorf("Hz: %w", tick.Rate(d.hz).Validate()))
	case d.maxMembers < 1 || d.stateBytes < 1 || d.sample < 1 || d.maxGroups < 1:
		d.fail(errors.New("MaxMembers, StateBytes, Sample and MaxGroups must be positive"))
	case d.timeout < time.Second:
		d.fail(fmt.Errorf("Timeout must be a second at least, not %s", d.timeout))
	case d.timeout > 24*time.Hour:
		d.fail(fmt.Errorf("Timeout must be a day at most, not %s", d.timeout))
	case !(d.cell > 0):
		d.fail(errors.New("Cell must be positive"))
	case d.sample*(d.stateBytes+shownCost) > maxFrame-frameSpare:
		d.fail(fmt.Errorf("Sample states of StateBytes (%d of %d bytes, and %d bytes each for who it is) must fit in %d bytes: "+
			"lower one of them", d.sample, d.stateBytes, shownCost, maxFrame-frameSpare))
	case len(d.blank) > d.stateBytes:
		d.fail(fmt.Errorf("an empty state has %d bytes: StateBytes must be more", len(d.blank)))
	}
}

// hash is FNV-1a 64.
func hash(text []byte) uint64 {
	h := uint64(0xcbf29ce484222325)
	for _, b := range text {
		h = (h ^ uint64(b)) * 0x100000001b3
	}
	return h
}
