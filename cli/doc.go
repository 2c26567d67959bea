// Package cli makes a whole program of a game: one call of Main gives it the
// commands serve, bots, netsim, replay and version.
//
//	func main() {
//		cli.Main(parlor.Config{Rooms: []rooms.Kind{rooms.Define("arena", arena.Game())}})
//	}
//
// What the Config says are the defaults of serve's flags. Every flag can also
// be set by the environment: --addr by PARLOR_ADDR, --tls-cert by
// PARLOR_TLS_CERT, and so on. A flag wins over the environment, and the
// environment over the Config.
//
// # Exit status
//
// 0 when all went well; 1 when something failed: the server could not start,
// bots saw a desync, a recording did not replay; 2 when the command line was
// wrong; 3 from replay bisect when the recordings differ.
package cli
