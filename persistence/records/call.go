package records

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/parlor-server/parlor/persistence/value"
)

// Mutation is one transaction that clients can ask for, made by Call or
// CallPrepared. It has the name of its arguments' type.
type Mutation[W any] interface {
	bindCall(w *W) (*mutation, error)
}

// Calling is a mutation of arguments A. Its methods return it with more said
// about it.
type Calling[W, A any] struct {
	execute   func(w *W, ctx *Ctx, args A, prepared any) error
	prepare   func(ctx context.Context, u User, args A) (any, error)
	roles     []string
	authorize func(w *W, ctx *Ctx, args A) error
	after     func(ctx context.Context, c Committed, args A)
	older     []Older[A]
}

// mutation is a Calling that is bound to one world, without type parameters.
type mutation struct {
	name       string
	descriptor value.Mutation
	args       *value.Collection
	roles      []string // nil: all

	// run decodes the arguments and runs Authorize, unless the server itself
	// calls, and Execute, in the transaction.
	run func(ctx *Ctx, args value.Row, prepared any) error
	// prepare is nil if there is nothing to prepare.
	prepare func(ctx context.Context, u User, args value.Row) (any, error)
	after   func(ctx context.Context, c Committed, args value.Row)
	older   []olderArgs                       // by version
	encode  func(args any) (value.Row, error) // of an A
}

// Call is the mutation that runs execute. Its arguments' type, a struct, gives
// it its name: execute(b *Board, ctx *records.Ctx, v Vote) is called "Vote".
func Call[W, A any](execute func(w *W, ctx *Ctx, args A) error) Calling[W, A] {
	return Calling[W, A]{execute: func(w *W, ctx *Ctx, args A, _ any) error { return execute(w, ctx, args) }}
}

// CallPrepared is a Call with I/O before it: prepare may wait on a network,
// outside of the room; what it returns is handed to execute. An error of
// prepare refuses the mutation as one of execute does. Prepare runs before
// Authorize: it must change nothing anywhere.
func CallPrepared[W, A, P any](prepare func(ctx context.Context, u User, args A) (P, error), execute func(w *W, ctx *Ctx, args A, prepared P) error) Calling[W, A] {
	return Calling[W, A]{
		prepare: func(ctx context.Context, u User, args A) (any, error) { return prepare(ctx, u, args) },
		execute: func(w *W, ctx *Ctx, args A, prepared any) error {
			p, ok := prepared.(P)
			if !ok && prepared != nil { // nil is a P that is an interface
				return fmt.Errorf("what was prepared is %T", prepared)
			}
			return execute(w, ctx, args, p)
		},
	}
}

// Roles lets only these roles call the mutation.
func (c Calling[W, A]) Roles(roles ...string) Calling[W, A] {
	c.roles = append(slices.Clone(c.roles), roles...)
	return c
}

// Authorize runs first, in the same transaction. The text of its error reaches
// the caller word for word, as FORBIDDEN.
func (c Calling[W, A]) Authorize(authorize func(w *W, ctx *Ctx, args A) error) Calling[W, A] {
	c.authorize = authorize
	return c
}

// AfterCommit runs once the mutation is durable, on a goroutine of its own. A
// panic there is logged and hurts nothing. After a crash it may not have run.
func (c Calling[W, A]) AfterCommit(hook func(ctx context.Context, done Committed, args A)) Calling[W, A] {
	c.after = hook
	return c
}

// Upgrade reads what clients of earlier versions sent: a queue may have waited
// long (R1.5).
func (c Calling[W, A]) Upgrade(older ...Older[A]) Calling[W, A] {
	c.older = append(slices.Clone(c.older), older...)
	return c
}

// Older is how arguments of an earlier version become an A; From makes one.
type Older[A any] struct {
	until uint32
	bind  func() (olderArgs, func(row value.Row, fields *value.Collection) (A, error), error)
}

// olderArgs reads arguments up to a version into the row of the present ones.
type olderArgs struct {
	until  uint32
	fields []value.Field
	// upgrade reads a row of the collection.
	upgrade func(row value.Row, fields *value.Collection) (value.Row, error)
}

// From reads arguments that clients of the version until, and earlier ones,
// made as an Old.
func From[Old, A any](until uint32, upgrade func(old Old) (A, error)) Older[A] {
	return Older[A]{until: until, bind: func() (olderArgs, func(value.Row, *value.Collection) (A, error), error) {
		codec, descriptor, err := value.BindArgs[Old]()
		read := func(row value.Row, fields *value.Collection) (a A, err error) {
			bound, err := codec.BindTo(fields)
			if err != nil {
				return a, err
			}
			var old Old
			if err := bound.Decode(row, &old); err != nil {
				return a, err
			}
			return upgrade(old)
		}
		return olderArgs{until: until, fields: descriptor.Args}, read, err
	}}
}

// Committed is the transaction that AfterCommit follows.
type Committed struct {
	Room   string
	User   User
	Role   string
	Seq    uint64
	Time   time.Time
	Result any // what was given to Ctx.Result
}

func (c Calling[W, A]) bindCall(w *W) (*mutation, error) {
	codec, descriptor, err := value.BindArgs[A]()
	if err != nil {
		return nil, err
	}
	m := &mutation{name: descriptor.Name, descriptor: descriptor, args: descriptor.Collection(), roles: c.roles}
	args := new(A) // used again by each run: there is one at a time
	m.run = func(ctx *Ctx, row value.Row, prepared any) error {
		if err := codec.Decode(row, args); err != nil {
			return err
		}
		if c.authorize != nil && !ctx.operator {
			if err := c.authorize(w, ctx, *args); err != nil {
				return &deniedError{err}
			}
		}
		return c.execute(w, ctx, *args, prepared)
	}
	m.encode = func(args any) (value.Row, error) {
		a, ok := args.(A)
		if !ok {
			return nil, fmt.Errorf("%T are not the arguments of %s", args, m.name)
		}
		return codec.Encode(&a, Meta{})
	}
	if c.prepare != nil {
		m.prepare = func(ctx context.Context, u User, row value.Row) (any, error) {
			var args A
			if err := codec.Decode(row, &args); err != nil {
				return nil, err
			}
			return c.prepare(ctx, u, args)
		}
	}
	if c.after != nil {
		m.after = func(ctx context.Context, done Committed, row value.Row) {
			var args A
			if codec.Decode(row, &args) == nil { // it was decoded before
				c.after(ctx, done, args)
			}
		}
	}
	return m, c.bindOlder(m, codec)
}

func (c Calling[W, A]) bindOlder(m *mutation, codec *value.Codec[A]) error {
	for _, older := range c.older {
		bound, read, err := older.bind()
		if err != nil {
			return fmt.Errorf("the upgrade of %s: %w", m.name, err)
		}
		bound.upgrade = func(row value.Row, fields *value.Collection) (value.Row, error) {
			args, err := read(row, fields)
			if err != nil {
				return nil, err
			}
			return codec.Encode(&args, Meta{})
		}
		m.older = append(m.older, bound)
	}
	slices.SortFunc(m.older, func(a, b olderArgs) int { return int(a.until) - int(b.until) })
	return nil
}
