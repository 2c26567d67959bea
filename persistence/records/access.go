package records

// Scope says which records a right is about.
type Scope uint8

// Scopes.
const (
	None Scope = iota
	Own        // those that carry the user's ID in their field tagged `user`, or else were made by the user
	All
)

// Grant is what one role may do with a collection.
type Grant[T any] struct {
	Role string // "": every role

	Read, Create, Update, Remove Scope

	// These allow what they say yes to, besides the scope. They see the record
	// and the user only, and give the same answer always; ReadIf may be called
	// on several goroutines at once. UpdateIf is asked about the record before
	// and after.
	ReadIf, CreateIf, UpdateIf, RemoveIf func(u User, record *T) bool

	// Visible lets the role read the records that have a value in a field:
	// Visible: records.Visible{"State", "public"}.
	Visible Visible

	// Fields are the only ones that the role may write; empty: all that are not
	// tagged `server`.
	Fields []string
}

// Visible names a field and the text in it that makes a record readable.
type Visible struct{ Field, Value string }

// Access is what clients may do with one collection.
type Access[W any] struct{}

// On grants rights to one collection. A role has all that any of its grants
// allows; a role without a grant has nothing, and a collection with no grants
// at all is for the server only.
func On[W any, K Key, T any](collection func(w *W) *Collection[K, T], grants ...Grant[T]) Access[W] {
	return Access[W]{}
}

// OnEvents says which roles hear an event collection, "own" being the events
// whose field tagged `user` has the user's ID.
func OnEvents[W, T any](events func(w *W) *Events[T], grants ...Hear[T]) Access[W] {
	return Access[W]{}
}

// Hear is what one role hears of an event collection.
type Hear[T any] struct {
	Role   string // "": every role
	Read   Scope
	ReadIf func(u User, event *T) bool
}
