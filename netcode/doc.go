// Package netcode keeps the sessions of connected clients: the handshake,
// memberships in rooms, acknowledgements, time-outs and rate limits. It knows
// rooms and sockets only through the small interfaces Host, Seat and Transport.
package netcode
