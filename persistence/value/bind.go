package value

// Bind describes T as the collection with the name, and makes its codec. The
// error names type and field. Tags, separated by commas:
//
//	parlor:"key"            the primary key (exactly one): a string, bytes, integer or time
//	parlor:"key,auto"       an integer that the server counts up
//	parlor:"index"          an index; index=NAME on several fields: one over all of them, in their order
//	parlor:"unique"         the same, and no two rows may agree in it
//	parlor:"default=VALUE"  for creates that leave it out, and for rows older than the field
//	parlor:"required"       a create must give it
//	parlor:"immutable"      only a create may give it
//	parlor:"user"           a string that the server sets to the acting user
//	parlor:"server"         only server code writes it
//	parlor:"-"              no field of the record
//
// Fields are bools, integers, floats, strings, []byte and time.Time, pointers
// to these for those that may be null, and json.RawMessage or any struct, map,
// slice or array, which become JSON.
func Bind[T any](name string) (*Codec[T], Collection, error) { panic("not yet") }

// BindEvent is Bind for a collection of events, which needs no key.
func BindEvent[T any](name string) (*Codec[T], Collection, error) { panic("not yet") }

// BindArgs describes T as the arguments of the mutation that has T's name.
// There is no envelope and no key; of the tags only default and required count.
func BindArgs[T any]() (*Codec[T], Mutation, error) { panic("not yet") }
