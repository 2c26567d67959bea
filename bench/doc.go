// Command bench measures Parlor: what a player costs, how punctual ticks are,
// how much one core carries.
//
//	go run ./bench walkers [--players 1000] [--transport udp] [--json]
//	go run ./bench ticks   [--rooms 2000] [--json]
//	go run ./bench idle    [--transport udp] [--json]
//	go run ./bench flood   [--json]
//	go run ./bench age     [--json]
//	go run ./bench smooth  [--json]
//	go run ./bench presence [--members 1000] [--json]
//	go run ./bench canvas  [--shapes 10000] [--json]
//	go run ./bench crash   [--rounds 100] [--seed 1] [--json]
//
// Every process that is measured has a core for itself: the server core 0, the
// load core 1, both with GOMAXPROCS=1 and, for root, real-time scheduling, so
// that neighbours on the machine do not interrupt them. CPU is what
// /proc/PID/stat says over the window. How much everybody else used is part of
// each result: distrust those where it is high.
//
// docs/performance.md explains the figures.
package main
