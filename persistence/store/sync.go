package store

// Sync returns when all that was committed before is durable, or with the reason
// why it will never be. Who has lost track of its commits calls it before it
// shows to anybody what it reads.
func (s *Store) Sync() error {
	answer := make(chan cutAnswer, 1)
	if err := s.queue.push(commit{cut: answer}); err != nil {
		return err
	}
	return (<-answer).err
}
