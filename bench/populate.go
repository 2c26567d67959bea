//go:build linux

package main

import "fmt"

// populate makes the clients, those of one room next to each other.
func (l *load) populate() error {
	for range l.plan.Rooms {
		room := new(meeting)
		for seat := range l.plan.Players {
			c := &client{load: l}
			if err := l.equip(c, room, seat); err != nil {
				return err
			}
			l.clients = append(l.clients, c)
		}
	}
	return nil
}

// equip gives a client the link and the talk of its system.
func (l *load) equip(c *client, room *meeting, seat int) error {
	index := len(l.clients)
	sampled := index%sampleEvery == 0
	udp := func() datagrams {
		d := datagrams{hub: l.hub, index: index}
		d.to(l.addr)
		return d
	}
	plain := func() link { return &plainDatagrams{udp()} }
	web := func(path func() (string, error)) link { return &webSocket{addr: l.addr, path: path} }
	at := func(path string) func() (string, error) { return func() (string, error) { return path, nil } }
	switch {
	case l.plan.System == systemParlor && l.plan.UDP:
		s := &udpSession{datagrams: udp()}
		c.talk, c.link = newUDPWalker(l, room, seat == 0, sampled), s
	case l.plan.System == systemParlor:
		c.talk, c.link = newWalker(l, room, seat == 0, sampled), web(at("/ws"))
	case l.plan.System == systemFloor && l.plan.UDP:
		c.talk, c.link = newFloorPlayer(l.plan.Up, index), plain()
	case l.plan.System == systemFloor:
		c.talk, c.link = newFloorPlayer(l.plan.Up, index), web(at(fmt.Sprintf("/?room=%d&seat=%d", index/l.plan.Players, seat)))
	case l.plan.System == systemKCP:
		c.talk, c.link = newKCPPlayer(l.plan, index), plain()
	case l.plan.System == systemPresence:
		c.talk, c.link = &shower{room: fmt.Sprint("cursors/", index/l.plan.Players), sampled: sampled}, web(at("/ws"))
	case l.plan.System == systemBoard:
		c.talk, c.link = newDrawer(index), web(at("/ws"))
	case l.plan.System == systemColyseus:
		p := &colyseusPlayer{addr: l.plan.Addr, room: room, index: uint32(index)}
		c.talk, c.link = p, web(p.path)
	default:
		return fmt.Errorf("there is no system %q", l.plan.System)
	}
	if l.hub != nil {
		l.hub.clients[index] = c
	}
	return nil
}
