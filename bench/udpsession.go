//go:build linux

package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/parlor-server/parlor/netcode/udp/reliable"
	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
)

// udpSession is a client's end of a session over UDP: a link that hands over
// messages, whichever lane brought them. What it sends may be lost, unless it
// is sent reliably.
type udpSession struct {
	datagrams
	client    *client
	token     connectToken
	handshake *wire.ClientHandshake
	resend    instant // when the handshake's packet goes out again
	spoke     instant // when the last packet was sent
	sealer    *wire.Sealer
	opener    *wire.Opener
	lane      *reliable.Lane
}

// open asks for a token and sends the first packet. The talker's opened
// follows when the server has accepted.
func (s *udpSession) open(c *client) (err error) {
	s.client = c
	if s.token, err = askForToken(&c.load.http, c.load.plan.Addr); err != nil {
		return err
	}
	s.to(s.token.addr)
	if s.handshake, err = wire.NewClientHandshake(s.token.token, s.token.key); err != nil {
		return fmt.Errorf("failed to use the server's token: %w", err)
	}
	s.shake()
	c.wake(s)
	return nil
}

// shake sends what the handshake has to say.
func (s *udpSession) shake() {
	if p := s.handshake.Packet(); p != nil {
		s.datagrams.send(p)
	}
	s.resend = s.client.load.at() + instant(wire.ResendInterval)
}

// arrived implements datagramLink.
func (s *udpSession) arrived(_ *client, packet []byte) {
	s.count(len(packet))
	switch {
	case s.opener == nil:
		s.shaken(packet)
	case wire.KindOf(packet).Data():
		s.packet(packet)
	}
}

// shaken takes a packet of the handshake.
func (s *udpSession) shaken(packet []byte) {
	done, err := s.handshake.Receive(packet)
	switch {
	case err != nil:
		s.client.die(err.Error())
	case done:
		id, keys, _ := s.handshake.Session()
		s.sealer, s.opener = wire.NewSealer(keys.ClientToServer, id), wire.NewOpener(keys.ServerToClient, id)
		s.lane = reliable.New(reliable.Config{Conversation: id, Output: s.segments})
		s.handshake = nil
		s.client.talk.opened(s.client)
	case s.handshake.Changed():
		s.shake()
	}
}

// packet takes a data packet. Repeated and forged ones are nothing.
func (s *udpSession) packet(packet []byte) {
	kind, _, plain, err := s.opener.Open(packet)
	if err != nil {
		return
	}
	c := s.client
	switch kind {
	case wire.KindUnreliable:
		for len(plain) > 0 {
			m, rest, err := wire.NextMessage(plain)
			if err != nil {
				c.die(err.Error())
				return
			}
			c.talk.message(c, m)
			plain = rest
		}
	case wire.KindReliable:
		err := s.lane.Input(plain, func(m []byte) error {
			c.talk.message(c, m)
			return nil
		})
		if err != nil {
			c.die(err.Error())
		}
		c.wake(s)
	case wire.KindControl:
		s.control(plain)
	}
}

func (s *udpSession) control(plain []byte) {
	m, err := wire.ParseControl(plain)
	if err != nil {
		return
	}
	switch m.Type {
	case wire.ControlPing:
		m.Type = wire.ControlPong
	case wire.ControlPathChallenge:
		m.Type = wire.ControlPathResponse
	case wire.ControlClose:
		s.client.die(fmt.Sprintf("the server closed a session: %v %s", schema.Code(m.Code), m.Text))
		return
	default:
		return
	}
	s.sendControl(m)
}

func (s *udpSession) sendControl(m wire.Control) {
	var buf [wire.HeaderSize + 9 + wire.TagSize]byte
	s.sealed(wire.AppendControl(buf[:wire.HeaderSize], m), wire.KindControl)
}

// sealed sends a data packet: place for its header, then plaintext.
func (s *udpSession) sealed(buf []byte, kind wire.Kind) bool {
	s.spoke = s.client.load.now
	return s.datagrams.send(s.sealer.Seal(buf, kind))
}

// send sends a message in a packet of its own.
func (s *udpSession) send(m []byte) bool {
	var buf [wire.HeaderSize + wire.MessageCost + maxSend + wire.TagSize]byte
	plain := wire.AppendMessage(buf[:wire.HeaderSize], [wire.MessageHead]byte(m), m[wire.MessageHead:])
	return s.sealed(plain, wire.KindUnreliable)
}

// sendReliably sends a message over the reliable lane.
func (s *udpSession) sendReliably(m []byte) bool {
	if s.lane.Send(m[:schema.HeaderSize], m[schema.HeaderSize:]) != nil {
		return false
	}
	s.lane.Pump(wire.MaxPacket)
	s.client.wake(s)
	return true
}

// segments is the lane's output.
func (s *udpSession) segments(segments []byte) {
	var buf [wire.MaxPacket]byte
	s.sealed(append(buf[:wire.HeaderSize], segments...), wire.KindReliable)
}

// pulse implements pulser.
func (s *udpSession) pulse() bool {
	if s.handshake != nil {
		if s.client.load.now >= s.resend {
			s.shake()
		}
		return true
	}
	s.lane.Update()
	idle := s.client.load.plan.Idle
	if now := s.client.load.now; idle && now-s.spoke > instant(quiet) {
		s.sendControl(wire.Control{Type: wire.ControlPing})
	}
	return idle || s.lane.Busy()
}

// connectToken is what the server gives to somebody who wants to connect.
type connectToken struct {
	token []byte
	key   [32]byte
	addr  netip.AddrPort
}

// askForToken asks for a token as a guest.
func askForToken(client *http.Client, addr string) (t connectToken, err error) {
	r, err := client.Post("http://"+addr+"/v1/connect", "application/json", strings.NewReader("{}"))
	if err != nil {
		return t, fmt.Errorf("failed to ask for a token: %w", err)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		return t, fmt.Errorf("failed to ask for a token: %s: %s: %w", r.Status, body, err)
	}
	var answer struct {
		Token, Key string
		Addresses  []string
	}
	if err := json.Unmarshal(body, &answer); err != nil || len(answer.Addresses) == 0 {
		return t, fmt.Errorf("failed to read a token: the server says %s", body)
	}
	if t.token, err = base64.RawURLEncoding.DecodeString(answer.Token); err != nil {
		return t, fmt.Errorf("failed to read a token: %w", err)
	}
	key, err := base64.RawURLEncoding.DecodeString(answer.Key)
	if err != nil || len(key) != len(t.key) {
		return t, fmt.Errorf("failed to read a token's key of %d bytes: %w", len(key), err)
	}
	copy(t.key[:], key)
	t.addr, err = netip.ParseAddrPort(answer.Addresses[0])
	if err != nil || !t.addr.Addr().IsLoopback() {
		return t, fmt.Errorf("the load runs against this machine only, not %s", answer.Addresses[0])
	}
	return t, nil
}

const (
	tokenTimeout = 5 * time.Second // for the server to give a token
	quiet        = time.Second     // without a packet a client says that it is there
)
