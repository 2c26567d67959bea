package presence

type definition struct {
	name       string
	hz         int
	maxMembers int
	descriptor []byte
	hash       uint64
	err        error
}

type castOf struct{}

func newCast[S, C any](perSecond float64, check []func(u User, from *S, cast *C) error) castOf {
	panic("not yet")
}

func define[T any](name string, room Room[T]) *definition { panic("not yet") }
