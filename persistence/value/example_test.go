package value_test

import (
	"fmt"
	"time"

	"github.com/parlor-server/parlor/persistence/value"
)

type Task struct {
	ID    string `parlor:"key"`
	List  string `parlor:"index,immutable"`
	Title string `parlor:"required"`
	Votes int    `parlor:"default=1"`
	Due   *time.Time
}

func ExampleBind() {
	codec, tasks, err := value.Bind[Task]("Tasks")
	if err != nil {
		fmt.Println(err)
		return
	}
	row, _ := codec.Encode(&Task{ID: "t1", List: "inbox", Title: "milk"}, value.Meta{CreatedBy: "ann"})
	fmt.Println(tasks.Get(row, tasks.Field("Title")).Text())

	more, _ := codec.Update(row, &Task{ID: "t1", List: "inbox", Title: "milk", Votes: 3})
	fmt.Println(string(tasks.AppendPatchJSON(nil, tasks.Diff(row, more))))

	_, err = tasks.PatchFromJSON([]byte(`{"Votes":"many"}`))
	fmt.Println(err)
	// Output:
	// milk
	// {"Votes":3}
	// VALIDATION: Votes: must be an integer that fits in int64
}
