// Package walkers is the workload of the benchmarks: players who walk at a
// constant speed through a square that wraps, all of them seen by all.
package walkers
