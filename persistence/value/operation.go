package value

import "github.com/parlor-server/parlor/schema"

// OperationKind is one of the built-in mutations (R2.2).
type OperationKind uint8

// The built-in mutations.
const (
	Create OperationKind = 1
	Put    OperationKind = 2
	Remove OperationKind = 3
)

// MaxOperations is how many operations a mutation may have unless a room sets
// another limit (R14.3). The reader does not know it: OperationReader.Len tells.
const MaxOperations = 128

// Operation is a built-in mutation of one record.
type Operation struct {
	Kind       OperationKind
	Collection int   // index in the schema
	Key        Key   // of a Put and a Remove; of a Create if its patch gives it
	Patch      Patch // of a Create and a Put: the key's field included
}

// AppendOperations appends a Mutate's arguments.
func AppendOperations(dst []byte, ops ...Operation) []byte {
	dst = appendUvarint(dst, uint64(len(ops)))
	for _, op := range ops {
		dst = appendUvarint(append(dst, byte(op.Kind)), uint64(op.Collection))
		if op.Kind == Remove {
			dst = appendText(dst, op.Key)
		} else {
			dst = appendBytes(dst, op.Patch)
		}
	}
	return dst
}

// OperationReader reads the arguments of a Mutate without a name. Patches are
// checked against the schema and share the message's memory.
type OperationReader struct {
	schema *Schema
	rest   []byte
	left   int
	err    error
}

// ReadOperations begins to read.
func ReadOperations(s *Schema, args []byte) OperationReader {
	n, rest, ok := readUvarint(args)
	r := OperationReader{schema: s, rest: rest, left: int(min(n, uint64(len(args))))}
	if !ok || n > uint64(len(rest)/3) { // the shortest operation has three bytes
		r.left = 0
		r.err = schema.Errorf(schema.CodeBadMessage, "the list of operations is cut short")
	}
	return r
}

// Len is the number of operations that are still to come, if the message is
// not cut short.
func (r *OperationReader) Len() int { return r.left }

// Next reads the next operation; false at the end and after an error.
func (r *OperationReader) Next(op *Operation) bool {
	if r.err == nil && r.left == 0 && len(r.rest) > 0 {
		r.err = schema.Errorf(schema.CodeBadMessage, "there are bytes behind the last operation")
	}
	if r.err != nil || r.left == 0 {
		return false
	}
	if r.err = r.next(op); r.err != nil {
		return false
	}
	r.left--
	return true
}

func (r *OperationReader) next(op *Operation) error {
	if len(r.rest) == 0 {
		return schema.Errorf(schema.CodeBadMessage, "the list of operations is cut short")
	}
	*op = Operation{Kind: OperationKind(r.rest[0])}
	if op.Kind < Create || op.Kind > Remove {
		return schema.Errorf(schema.CodeBadMessage, "there is no operation %d", r.rest[0])
	}
	n, rest, ok := readUvarint(r.rest[1:])
	if ok && n >= uint64(len(r.schema.Collections)) {
		return schema.Errorf(schema.CodeNoSuchCollection, "there is no collection %d", n)
	}
	var body []byte
	if ok {
		body, rest, ok = readText(rest)
	}
	if !ok {
		return schema.Errorf(schema.CodeBadMessage, "the list of operations is cut short")
	}
	op.Collection, r.rest = int(n), rest
	return r.schema.Collections[n].readOperation(op, body)
}

// readOperation checks what an operation holds.
func (c *Collection) readOperation(op *Operation, body []byte) error {
	if op.Kind == Remove {
		op.Key = Key(body)
		return c.CheckKey(op.Key)
	}
	op.Patch = body
	if err := c.CheckPatch(op.Patch); err != nil {
		return err
	}
	key, ok := c.PatchKey(op.Patch)
	if !ok && op.Kind == Put {
		if c.Key < 0 {
			return Invalid("", c.Name+" has no key to put a record by")
		}
		return Invalid(c.Fields[c.Key].Name, "is the key: a put must give it")
	}
	op.Key = key
	return nil
}

// Err is why Next ended early, or nil: a *schema.Error or a FieldError.
func (r *OperationReader) Err() error { return r.err }
