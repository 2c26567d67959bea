package records

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parlor-server/parlor/persistence/value"
)

// MinInterval is the shortest interval of a schedule.
const MinInterval = time.Second

// maxPlanID limits the ID of a plan, in bytes.
const maxPlanID = 256

// Schedule is a field of the world: calls to make later, as durable as records
// (R12.2). Room.Schedules says what runs them. It is used inside hooks only.
type Schedule[A any] struct {
	name  string
	m     *Machine
	codec *value.Codec[A]
	args  value.Mutation
}

func (s *Schedule[A]) describe(name string) (described, error) {
	codec, args, err := value.BindArgs[A]()
	if err != nil {
		return described{}, err
	}
	s.name, s.codec, s.args = name, codec, args
	return described{}, nil
}

func (s *Schedule[A]) bind(m *Machine, _ int) error {
	s.m = m
	return nil
}

// Once plans one call, under an ID of the schedule's; a plan of that ID is
// replaced. What is due already runs at once, after this transaction.
func (s *Schedule[A]) Once(id string, at time.Time, args A) { s.plan(id, at.UnixMicro(), 0, args) }

// Every plans a call at each interval, the first one an interval from now. An
// interval of less than MinInterval panics.
func (s *Schedule[A]) Every(id string, interval time.Duration, args A) {
	if interval < MinInterval {
		panic(fmt.Sprintf("records: %s: the interval of %q is %s, it must be at least %s", s.name, id, interval, MinInterval))
	}
	s.m.mustWrite(s.name)
	s.plan(id, s.m.now+interval.Microseconds(), interval.Microseconds(), args)
}

func (s *Schedule[A]) plan(id string, at, every int64, args A) {
	s.m.mustWrite(s.name)
	if id == "" || len(id) > maxPlanID {
		panic(fmt.Sprintf("records: %s: the ID of a plan has 1 to %d bytes, not %d", s.name, maxPlanID, len(id)))
	}
	row, err := s.codec.Encode(&args, Meta{})
	if err != nil {
		panic(fmt.Sprintf("records: %s: the arguments of %q cannot be kept: %v", s.name, id, err))
	}
	s.m.setPlan(&plan{key: planKey(s.name, id), at: at, every: every, args: row})
}

// Cancel forgets a plan, and says whether there was one.
func (s *Schedule[A]) Cancel(id string) bool {
	s.m.mustWrite(s.name)
	p := s.m.plans[planKey(s.name, id)]
	if p == nil {
		return false
	}
	s.m.changePlan(p.key, nil)
	return true
}

// Next is when the plan of that ID runs.
func (s *Schedule[A]) Next(id string) (at time.Time, ok bool) {
	s.m.mustRead(s.name, -1)
	p := s.m.plans[planKey(s.name, id)]
	if p == nil {
		return at, false
	}
	return time.UnixMicro(p.at).UTC(), true
}

// Scheduled says what runs the calls of a schedule; Run makes it.
type Scheduled[W any] struct {
	bind func(w *W) (worldField, *mutation, error)
}

// Run runs the calls of one schedule, each in a transaction of its own.
// Clients cannot call it. A call that fails is logged and not made again.
func Run[W, A any](schedule func(w *W) *Schedule[A], execute func(w *W, ctx *Ctx, args A) error) Scheduled[W] {
	return Scheduled[W]{bind: func(w *W) (worldField, *mutation, error) {
		m, err := Call(execute).bindCall(w)
		return schedule(w), m, err
	}}
}

// addSchedules finds what runs each schedule of the world.
func addSchedules[W any](out *world, w *W, schedules []Scheduled[W]) error {
	out.runs = make(map[string]*mutation)
	for _, s := range schedules {
		if s.bind == nil {
			return fmt.Errorf("an entry of Schedules is empty; records.Run makes one")
		}
		field, m, err := s.bind(w)
		if err != nil {
			return err
		}
		i := out.indexOf(field)
		if i < 0 {
			return fmt.Errorf("an entry of Schedules runs %s for a schedule that is not a field of the world", m.name)
		}
		if out.runs[out.names[i]] != nil {
			return fmt.Errorf("two entries of Schedules run %s", out.names[i])
		}
		if out.mutations[m.name] != nil {
			return fmt.Errorf("%s is in Mutations and in Schedules; clients cannot call what a schedule runs", m.name)
		}
		out.runs[out.names[i]] = m
	}
	for i, d := range out.described {
		if d.collection == nil && out.runs[out.names[i]] == nil {
			return fmt.Errorf("nothing runs the schedule %s; add records.Run to Schedules", out.names[i])
		}
	}
	return nil
}

// plan is one call of a schedule, immutable.
type plan struct {
	key   string // planKey
	at    int64  // µs
	every int64  // µs; 0: once
	args  value.Row
}

func planKey(schedule, id string) string { return schedule + "\x00" + id }

// planChange is one change of the plans in a transaction.
type planChange struct {
	key string
	old *plan
}

func (m *Machine) setPlan(p *plan) { m.changePlan(p.key, p) }

// changePlan sets or, with nil, removes a plan, inside a transaction.
func (m *Machine) changePlan(key string, p *plan) {
	m.planned = append(m.planned, planChange{key, m.plans[key]})
	m.putPlan(key, p)
}

func (m *Machine) putPlan(key string, p *plan) {
	if p == nil {
		delete(m.plans, key)
		return
	}
	m.plans[key] = p
	m.due.push(p)
}

// undoPlans takes back the changes since the transaction had n of them.
func (m *Machine) undoPlans(n int) {
	for len(m.planned) > n {
		last := m.planned[len(m.planned)-1]
		m.planned = m.planned[:len(m.planned)-1]
		m.putPlan(last.key, last.old)
	}
}

// planQueue is a heap of plans by time. One that is no longer the plan of its
// key is dead, and is left out when it comes to the top.
type planQueue []*plan

func (q planQueue) less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].key < q[j].key
}

func (q *planQueue) push(p *plan) {
	*q = append(*q, p)
	for i := len(*q) - 1; i > 0 && q.less(i, (i-1)/2); i = (i - 1) / 2 {
		(*q)[i], (*q)[(i-1)/2] = (*q)[(i-1)/2], (*q)[i]
	}
}

func (q *planQueue) pop() {
	old := *q
	last := len(old) - 1
	old[0], old[last] = old[last], nil
	*q = old[:last]
	for i := 0; ; {
		least := i
		for _, child := range [2]int{2*i + 1, 2*i + 2} {
			if child < last && q.less(child, least) {
				least = child
			}
		}
		if least == i {
			return
		}
		old[i], old[least] = old[least], old[i]
		i = least
	}
}

// nextPlan is the plan that runs first, or nil.
func (m *Machine) nextPlan() *plan {
	if len(m.due) > 2*len(m.plans)+16 { // mostly dead ones
		m.due = slices.DeleteFunc(m.due, func(p *plan) bool { return m.plans[p.key] != p })
		all := m.due
		m.due = m.due[:0]
		for _, p := range all {
			m.due.push(p)
		}
	}
	for len(m.due) > 0 {
		if p := m.due[0]; m.plans[p.key] == p {
			return p
		}
		m.due.pop()
	}
	return nil
}

// cutPlanKey is the opposite of planKey.
func cutPlanKey(key string) (schedule, id string, ok bool) { return strings.Cut(key, "\x00") }
