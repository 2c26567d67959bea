// Package host runs presence rooms on a tick.Scheduler: one task a room, which
// sleeps while nobody shows anything.
//
// Messages of clients go into the room's inbox (bounded), on the goroutine that
// read them. A step of the room applies them in order to its presence.Machine,
// lets that send what changed, and flushes each connection once. Only the
// room's loop touches the machine.
package host
