// Package netsim makes bad networks on purpose: packets are lost, doubled, held
// back, delayed and squeezed through a narrow line, as a seeded random source
// decides.
//
// Shaper decides about packets and nothing else. Relay puts it between real
// sockets, for people and for whole programs; Network is a network in memory
// whose connections are net.PacketConns, for tests, and works in the virtual
// time of testing/synctest.
package netsim
