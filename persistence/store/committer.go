package store

import "github.com/parlor-server/parlor/persistence/journal"

// groupBytes is about how much one append to the journal takes at most.
const groupBytes = 4 << 20

// committer makes batches durable: all that came while the last ones were
// synced goes into one append. It is one goroutine, run.
type committer struct {
	queue    *queue
	journal  *journal.Journal
	fault    func(string)
	failed   func() error      // the store's: why it has failed
	fail     func(error) error // the store's: makes it fail for good
	appended func(bytes int64) // after each append; wakes the checkpointer
	position journal.Position  // behind what is durable
	entries  []journal.Entry   // used again
}

// run ends when the queue has ended and is empty.
func (c *committer) run() {
	var list []commit
	for more := true; more; {
		<-c.queue.wake
		list, more = c.queue.take(list)
		for rest := list; len(rest) > 0; {
			if rest[0].cut != nil {
				rest[0].cut <- cutAnswer{position: c.position}
				rest = rest[1:]
				continue
			}
			if err := c.failed(); err != nil {
				c.refuse(rest, err)
				return
			}
			n := group(rest)
			if err := c.append(rest[:n]); err != nil {
				c.refuse(rest, c.fail(err))
				return
			}
			rest = rest[n:]
		}
		clear(list)
	}
}

// group is how many of the commits go into one append.
func group(list []commit) int {
	bytes := 0
	for i := range list {
		bytes += len(list[i].entry)
		if list[i].cut != nil || i > 0 && bytes > groupBytes {
			return i
		}
	}
	return len(list)
}

func (c *committer) append(list []commit) error {
	c.entries = c.entries[:0]
	var bytes int64
	for i := range list {
		m := &list[i]
		c.entries = append(c.entries, journal.Entry{Room: m.room, First: m.first, Last: m.last, Data: m.entry})
		bytes += int64(len(m.entry))
	}
	c.fault(pointAppend)
	position, err := c.journal.Append(c.entries)
	clear(c.entries)
	if err != nil {
		return err
	}
	c.position = position
	c.fault(pointAppended)
	for i := range list {
		list[i].done(nil)
	}
	c.queue.release(bytes)
	c.appended(bytes)
	return nil
}

// refuse answers all that will never be durable: the rest of a list, and what
// is still queued. The queue has ended.
func (c *committer) refuse(list []commit, why error) {
	for {
		for i := range list {
			if list[i].cut != nil {
				list[i].cut <- cutAnswer{err: why}
			} else {
				list[i].done(why)
			}
		}
		if list, _ = c.queue.take(nil); len(list) == 0 {
			return
		}
	}
}
