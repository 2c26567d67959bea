package records

import (
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// apply runs a mutation that came over HTTP.
func (op *Invoke) apply(m *Machine, out *Outbox) {
	role := ""
	if !op.Operator {
		var err error
		if role, err = m.roleOf(&op.User); err != nil || role == "" {
			m.answerCall(op, m.seq, nil, errOutsider, out)
			return
		}
	}
	f, err := m.mutationFor(op.Name, role, op.Operator)
	if err != nil {
		m.answerCall(op, m.seq, nil, err, out)
		return
	}
	patch, err := f.args.PatchFromJSON(op.Args)
	if err == nil {
		err = f.args.CheckRequired(patch)
	}
	if err != nil {
		m.answerCall(op, m.seq, nil, err, out)
		return
	}
	args := f.args.New(patch)
	if f.prepare != nil && len(m.waiting) >= maxWaiting {
		m.answerCall(op, m.seq, nil, refuse(schema.CodeRateLimited, overloaded), out)
		return
	}
	if f.prepare != nil {
		copied := *op
		m.prepare(&waiting{user: op.User, call: &copied, f: f, args: args}, out)
		return
	}
	m.runCall(op, f, args, nil, nil, out)
}

// runCall is the transaction of an Invoke.
func (m *Machine) runCall(op *Invoke, f *mutation, args value.Row, prepared any, err error, out *Outbox) {
	role := ""
	if !op.Operator {
		if role, _ = m.roleOf(&op.User); role == "" && err == nil {
			err = errOutsider
		}
	}
	if err == nil {
		_, err = m.mutationFor(op.Name, role, op.Operator)
	}
	var result []byte
	seq := m.seq
	if err == nil {
		m.begin(&op.User, role, op.Operator, m.def.limits.Operations)
		if err = m.invoke(f, args, prepared); err == nil {
			result, err = m.ctx.encodeResult()
		}
		if err != nil {
			m.undo()
		} else {
			seq = m.commit(out, nil)
			if f.after != nil {
				m.after(f, args, out)
			}
		}
	}
	m.answerCall(op, seq, result, err, out)
}

func (m *Machine) answerCall(op *Invoke, seq uint64, result []byte, err error, out *Outbox) {
	receipt := Receipt{Seq: seq, Result: result}
	if err != nil {
		r := m.refused(op.Name, err)
		receipt.Code, receipt.Field, receipt.Message = r.code, r.field, r.text
	}
	done := op.Done
	out.answer(func() { done(receipt) })
}
