package value

// OperationKind is one of the built-in mutations (R2.2).
type OperationKind uint8

// The built-in mutations.
const (
	Create OperationKind = 1
	Put    OperationKind = 2
	Remove OperationKind = 3
)

// MaxOperations is how many operations a mutation may have (R14.3). The
// reader does not know it: OperationReader.Len tells.
const MaxOperations = 128

// Operation is a built-in mutation of one record.
type Operation struct {
	Kind       OperationKind
	Collection int   // index in the schema
	Key        Key   // of a Put and a Remove; of a Create if its patch gives it
	Patch      Patch // of a Create and a Put: the key's field included
}

// AppendOperations appends a Mutate's arguments.
func AppendOperations(dst []byte, ops ...Operation) []byte { panic("not yet") }

// OperationReader reads the arguments of a Mutate without a name. Patches are
// checked against the schema and share the message's memory.
type OperationReader struct{}

// ReadOperations begins to read.
func ReadOperations(s *Schema, args []byte) OperationReader { panic("not yet") }

// Len is the number of operations that the message announces.
func (r *OperationReader) Len() int { panic("not yet") }

// Next reads the next operation; false at the end and after an error.
func (r *OperationReader) Next(op *Operation) bool { panic("not yet") }

// Err is why Next ended early, or nil: a *schema.Error.
func (r *OperationReader) Err() error { panic("not yet") }
