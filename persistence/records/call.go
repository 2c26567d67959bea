package records

import (
	"context"
	"time"
)

// Mutation is one transaction that clients can ask for by the name of its
// argument type.
type Mutation[W any] struct{}

// Option changes a mutation of arguments A.
type Option[W, A any] struct{}

// Call is the mutation that runs execute. Its arguments' type, a struct, is its
// name: execute(b *Board, ctx *records.Ctx, v Vote) is called as "Vote".
func Call[W, A any](execute func(w *W, ctx *Ctx, args A) error, options ...Option[W, A]) Mutation[W] {
	return Mutation[W]{}
}

// CallPrepared is a Call with I/O before it: prepare may wait on a network, in
// a bounded pool outside of the room; what it returns is handed to execute. An
// error of prepare refuses the mutation as one of execute does.
func CallPrepared[W, A, P any](prepare func(ctx context.Context, u User, args A) (P, error), execute func(w *W, ctx *Ctx, args A, prepared P) error, options ...Option[W, A]) Mutation[W] {
	return Mutation[W]{}
}

// Roles lets only these roles call the mutation.
func Roles[W, A any](roles ...string) Option[W, A] { return Option[W, A]{} }

// Authorize runs first, in the same transaction. The text of its error reaches
// the caller word for word, as FORBIDDEN.
func Authorize[W, A any](authorize func(w *W, ctx *Ctx, args A) error) Option[W, A] {
	return Option[W, A]{}
}

// AfterCommit runs once the mutation is durable, on a goroutine of its own. A
// panic there is logged and hurts nothing. After a crash it may not have run.
func AfterCommit[W, A any](hook func(ctx context.Context, c Committed, args A)) Option[W, A] {
	return Option[W, A]{}
}

// Upgrade reads the arguments that clients of the version before, and of
// earlier ones, made: a queue may have waited long (R1.5).
func Upgrade[W, A, Old any](before uint32, upgrade func(old Old) (A, error)) Option[W, A] {
	return Option[W, A]{}
}

// Committed is the transaction that AfterCommit follows.
type Committed struct {
	Room   string
	User   User
	Role   string
	Seq    uint64
	Time   time.Time
	Result any // what Execute gave to Ctx.Result
}

// Scheduled says what runs the calls of a schedule.
type Scheduled[W any] struct{}

// Run runs the calls of one schedule, each in a transaction of its own.
// Clients cannot call it.
func Run[W, A any](schedule func(w *W) *Schedule[A], execute func(w *W, ctx *Ctx, args A) error) Scheduled[W] {
	return Scheduled[W]{}
}
