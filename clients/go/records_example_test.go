package client_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/persistence/query"
)

// Task and Vote are the room's own types; a client shares them with the rules.
type Task struct {
	ID    string `parlor:"key"`
	List  string
	Title string
	Votes int
}

type Vote struct{ Task string }

// A program that shows a list of tasks, adds one and votes for it.
func Example_records() {
	ctx := context.Background()
	c, err := client.Dial(ctx, "ws://127.0.0.1:7777", client.Options{Name: "tasks/1.0"})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	room, err := c.OpenRecords(ctx, "tasks/main", client.RecordsOptions{Queue: "tasks.queue"})
	if err != nil {
		log.Fatal(err)
	}
	tasks, err := client.Records[Task](room, "Tasks")
	if err != nil {
		log.Fatal(err)
	}
	top, err := tasks.Subscribe(query.Where(query.Eq("List", "inbox")).By("Votes", query.Desc).Take(50))
	if err != nil {
		log.Fatal(err)
	}
	top.OnChange(func(client.Change[Task]) {
		for i, task := range top.All() {
			fmt.Println(i+1, task.Title, task.Votes)
		}
	})

	milk := Task{ID: client.NewID(), List: "inbox", Title: "milk"}
	if _, err := room.Call(ctx, tasks.Create(milk)); err != nil { // when it returns, the task is safe
		log.Fatal(err)
	}
	vote, err := client.Mutation[Vote](room, nil)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := room.Call(ctx, vote(Vote{Task: milk.ID})); err != nil {
		log.Fatal(err)
	}
}

// Writes that are shown at once, and delivered when there is a connection,
// perhaps by the next run of the program.
func Example_offline() {
	var room *client.RecordRoom        // from Client.OpenRecords
	var tasks *client.Collection[Task] // from client.Records
	vote, err := client.Mutation(room, func(l *client.Local, v Vote) error {
		_, err := tasks.In(l).Update(v.Task, func(t *Task) { t.Votes++ })
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	room.OnRejected(func(r client.Rejection) { // for those of earlier runs, see room.Rejected
		fmt.Println("the server refused", r.Record.Mutation, r.Err.Message)
		_ = room.Dismiss(r.Record.Number)
	})
	milk := Task{ID: client.NewID(), List: "inbox", Title: "milk"}
	if _, err := room.Durable(tasks.Create(milk)); err != nil { // queued, and shown
		log.Fatal(err)
	}
	saved, err := room.Durable(vote(Vote{Task: milk.ID}))
	if err != nil {
		log.Fatal(err)
	}
	select {
	case <-saved.Done():
		fmt.Println("saved", saved.Err())
	case <-time.After(time.Second):
		fmt.Println("saved here, on its way to the server")
	}
}

// A list that grows while one scrolls, and several writes that are one.
func Example_window() {
	ctx := context.Background()
	var room *client.RecordRoom        // from Client.OpenRecords
	var tasks *client.Collection[Task] // from client.Records
	inbox := query.Where(query.Eq("List", "inbox")).By("Votes", query.Desc)
	page, err := tasks.Subscribe(inbox.Take(50))
	if err != nil {
		log.Fatal(err)
	}
	defer page.Close()
	if err := page.Ready(ctx); err != nil {
		log.Fatal(err)
	}
	if err := page.Query(inbox.Take(100)); err != nil { // only what is new is sent
		log.Fatal(err)
	}
	var writes []client.Write
	for _, task := range page.Rows() {
		writes = append(writes, tasks.Put(Task{ID: task.ID, List: "done"}, "List")) // that field alone
	}
	if _, err := room.Call(ctx, client.Together(writes...)); err != nil { // all or none
		log.Fatal(err)
	}
}
