package records

// Migration is a numbered step from the data of an earlier version (R13.1).
type Migration[W any] struct{}

// Rewrite makes each record of a collection anew, from the type that it had:
// to drop, rename or retype fields. All rewrites run before the steps.
func Rewrite[W, Old, New any](number int, collection string, rewrite func(old Old) (New, error)) Migration[W] {
	return Migration[W]{}
}

// Step changes data that has its present types already.
func Step[W any](number int, step func(w *W, ctx *Ctx) error) Migration[W] { return Migration[W]{} }

// Drop removes a collection that the world no longer has, with its records.
func Drop[W any](number int, collection string) Migration[W] { return Migration[W]{} }
