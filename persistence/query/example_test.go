package query_test

import (
	"fmt"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/value"
)

func Example() {
	type Task struct {
		ID    string `parlor:"key"`
		List  string `parlor:"index"`
		Votes int
	}
	codec, tasks, err := value.Bind[Task]("Tasks")
	if err != nil {
		fmt.Println(err)
		return
	}
	q := query.Where(query.Eq("List", "inbox"), query.Gt("Votes", 3)).By("Votes", query.Desc).Take(50)
	fmt.Println(string(q.Encode()))

	bound, err := q.Bind(&tasks)
	if err != nil {
		fmt.Println(err)
		return
	}
	row, _ := codec.Encode(&Task{ID: "t1", List: "inbox", Votes: 4}, value.Meta{})
	fmt.Println(bound.Match(row))

	_, err = query.Where(query.Eq("Stars", 5)).Bind(&tasks)
	fmt.Println(err)
	// Output:
	// {"where":{"and":[{"eq":["List","inbox"]},{"gt":["Votes",3]}]},"orderBy":[["Votes","desc","last"]],"limit":50}
	// true
	// BAD_QUERY: eq: Tasks has no field "Stars"
}
