package records

import (
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/parlor-server/parlor/persistence/value"
)

// Scope says which records a right is about.
type Scope uint8

// Scopes.
const (
	None Scope = iota
	Own        // those whose field tagged `user` has the user's ID; without such a field, those that the user made
	All
)

// Grant is what one role may do with a collection.
type Grant[T any] struct {
	Role string // "": every role

	Read, Create, Update, Remove Scope

	// These allow what they say yes to, besides the scope. They know the user
	// and the record only, and always give the same answer; ReadIf may be called
	// on several goroutines at once. UpdateIf is asked about the record before
	// and after, CreateIf about the new one.
	ReadIf, CreateIf, UpdateIf, RemoveIf func(u User, record *T) bool

	// Visible lets the role read the records that have a text in a field, such
	// as records.Visible{Field: "State", Value: "public"}.
	Visible Visible

	// Fields are the only ones that the role may write; empty: all that are not
	// tagged `server`.
	Fields []string
}

// Visible names a field, and the text in it that makes a record readable.
type Visible struct{ Field, Value string }

// Access is what clients may do with one collection; On and OnEvents make it.
type Access[W any] struct{ bind func(w *W) boundAccess }

// boundAccess is an Access that is bound to one world.
type boundAccess struct {
	field  worldField
	name   string
	grants []grant
}

// grant is a Grant without its type.
type grant struct {
	role                                 string
	read, create, update, remove         Scope
	readIf, createIf, updateIf, removeIf rule
	visible                              Visible
	fields                               []string
}

// rule says whether the user may do something with a record.
type rule func(u User, row value.Row) bool

// On grants rights to one collection. A role has all that any of its grants
// allows; a role without a grant has nothing. A collection whose entry has no
// grants is for the server only.
func On[W any, K Key, T any](collection func(w *W) *Collection[K, T], grants ...Grant[T]) Access[W] {
	return Access[W]{bind: func(w *W) boundAccess {
		c := collection(w)
		bound := boundAccess{field: c}
		// The codec is asked for when the rule runs: bind changes it.
		bindRule := func(f func(User, *T) bool) rule {
			if f == nil {
				return nil
			}
			return guardRule(func() *Machine { return c.m }, func(u User, row value.Row) bool {
				var record T
				return c.codec.Decode(row, &record) == nil && f(u, &record)
			})
		}
		for _, g := range grants {
			bound.grants = append(bound.grants, grant{
				role: g.Role, read: g.Read, create: g.Create, update: g.Update, remove: g.Remove,
				readIf: bindRule(g.ReadIf), createIf: bindRule(g.CreateIf), updateIf: bindRule(g.UpdateIf), removeIf: bindRule(g.RemoveIf),
				visible: g.Visible, fields: g.Fields,
			})
		}
		return bound
	}}
}

// guardRule turns a panic of a rule into a no. The first one is logged: rules
// are asked about every row.
func guardRule(machine func() *Machine, f rule) rule {
	var once sync.Once
	return func(u User, row value.Row) (yes bool) {
		defer func() {
			if p := recover(); p != nil {
				yes = false
				once.Do(func() {
					machine().log.Error("a rule of Access panicked, which counts as no; this is logged once", "user", u.ID, "panic", p, "stack", string(debug.Stack()))
				})
			}
		}()
		return f(u, row)
	}
}

// Hear is what one role hears of an event collection.
type Hear[T any] struct {
	Role   string // "": every role
	Read   Scope
	ReadIf func(u User, event *T) bool
}

// OnEvents says who hears an event collection.
func OnEvents[W, T any](events func(w *W) *Events[T], grants ...Hear[T]) Access[W] {
	return Access[W]{bind: func(w *W) boundAccess {
		e := events(w)
		bound := boundAccess{field: e}
		for _, g := range grants {
			b := grant{role: g.Role, read: g.Read}
			if g.ReadIf != nil {
				b.readIf = guardRule(func() *Machine { return e.m }, func(u User, row value.Row) bool {
					var event T
					return e.codec.Decode(row, &event) == nil && g.ReadIf(u, &event)
				})
			}
			bound.grants = append(bound.grants, b)
		}
		return bound
	}}
}

// right is what one role may do with a collection in one way.
type right struct {
	scope Scope
	rules []rule
}

func (r *right) add(s Scope, f rule) {
	r.scope = max(r.scope, s)
	if f != nil {
		r.rules = append(r.rules, f)
	}
}

// nothing says that no record can pass.
func (r *right) nothing() bool { return r.scope == None && len(r.rules) == 0 }

// rights are what one role may do with one collection.
type rights struct {
	read, create, update, remove right
	visible                      []visibility
	fields                       [2]uint64 // that it may write
}

// visibility is a Visible that is bound to the collection.
type visibility struct {
	field int
	cell  value.Value
}

// mayRead says whether the user may read the row. It is called on any
// goroutine.
func (r *rights) mayRead(t *tableInfo, u *User, row value.Row) bool {
	if r.read.allows(t, u, row) {
		return true
	}
	for _, v := range r.visible {
		if t.collection.Get(row, v.field) == v.cell {
			return true
		}
	}
	return false
}

func (r *right) allows(t *tableInfo, u *User, row value.Row) bool {
	switch r.scope {
	case All:
		return true
	case Own:
		if u.ID != "" && t.collection.Get(row, t.owner).Text() == u.ID {
			return true
		}
	}
	for _, f := range r.rules {
		if f(*u, row) {
			return true
		}
	}
	return false
}

// addGrant gives a role's rights what a grant allows. Every field that the
// grant names must exist.
func (t *tableInfo) addGrant(r *rights, g *grant) error {
	r.read.add(g.read, g.readIf)
	r.create.add(g.create, g.createIf)
	r.update.add(g.update, g.updateIf)
	r.remove.add(g.remove, g.removeIf)
	if g.visible.Field != "" {
		i := t.collection.Field(g.visible.Field)
		if i < 0 || t.collection.Fields[i].Kind != value.String {
			return fmt.Errorf("a grant on %s has Visible.Field %q, which is no text field of it", t.collection.Name, g.visible.Field)
		}
		r.visible = append(r.visible, visibility{i, value.OfString(g.visible.Value)})
	}
	for _, name := range g.fields {
		i := t.collection.Field(name)
		if i <= value.UpdatedAt {
			return fmt.Errorf("a grant on %s names the field %q, which it does not have", t.collection.Name, name)
		}
		r.fields[i/64] |= 1 << (i % 64)
	}
	writes := !r.create.nothing() || !r.update.nothing()
	for i := range t.collection.Fields {
		if writes && len(g.fields) == 0 && i > value.UpdatedAt && (g.create|g.update != None || g.createIf != nil || g.updateIf != nil) {
			r.fields[i/64] |= 1 << (i % 64)
		}
	}
	return nil
}

// bindAccess makes each role's rights to the table from the grants on it.
func (t *tableInfo) bindAccess(roles []string, grants []grant) error {
	t.rights = make(map[string]*rights)
	if len(roles) == 0 {
		roles = []string{Member}
	}
	for _, role := range roles {
		r := &rights{}
		for i := range grants {
			if grants[i].role == "" || grants[i].role == role {
				if err := t.addGrant(r, &grants[i]); err != nil {
					return err
				}
			}
		}
		t.rights[role] = r
	}
	return nil
}

// of is what a role may do; a role without a grant may do nothing.
func (t *tableInfo) of(role string) *rights {
	if r := t.rights[role]; r != nil {
		return r
	}
	return &t.others
}

// readClass is equal for users who may read the same rows of the table: they
// share live queries.
func (t *tableInfo) readClass(c *conn) string {
	r := t.of(c.role)
	switch {
	case r.read.scope == All:
		return "all"
	case r.read.scope == None && len(r.read.rules) == 0:
		return "role " + c.role // what is visible, or nothing
	case len(r.read.rules) > 0 && len(c.user.Claims) > 0:
		return fmt.Sprintf("connection %d, claims %d, as %s", c.id, c.claims, c.role) // a rule may ask for any claim
	}
	return fmt.Sprintf("user %q %q as %q", c.user.ID, c.user.Name, c.role) // quoted: no name makes one user another
}
