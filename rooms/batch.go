package rooms

// applyCommands takes all of a tick's commands. Each steps one row by a pure
// function, so one transaction serves them all; only when one of them fails
// are they undone and taken one by one, which leaves what Apply would leave.
// refused is told of those whose payload was bad.
func (r *GameRoom) applyCommands(ops []Op, out *Outbox, refused func(i int)) {
	if r.faulted || len(ops) == 0 {
		return
	}
	r.begin()
	if r.tryCommands(ops) {
		return
	}
	for i := range ops {
		mark := out.mark()
		r.Apply(ops[i], out)
		if told := out.Send[mark:]; len(told) > 0 && told[0].refusesInput() {
			refused(i)
		}
	}
}

// tryCommands is one transaction; false means that it left nothing.
func (r *GameRoom) tryCommands(ops []Op) (ok bool) {
	r.store.Begin()
	defer func() {
		_ = recover() // the second try reports it
		if ok {
			r.store.Commit()
		} else {
			r.store.Rollback()
		}
	}()
	for i := range ops {
		op := &ops[i]
		if !r.players.has(op.Player) || int(op.Index) >= len(r.inputs) {
			continue
		}
		in := &r.inputs[op.Index]
		if in.step == nil || in.step(op.Player, op.commandPayload()) != nil {
			return false
		}
	}
	return true
}

// commandPayload is nil for the neutral command only.
func (op *Op) commandPayload() []byte {
	switch {
	case op.Kind == OpNeutral:
		return nil
	case op.Payload == nil:
		return []byte{}
	}
	return op.Payload
}
