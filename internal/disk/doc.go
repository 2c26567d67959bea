// Package disk is the file system as a store needs it: few operations, and what
// each promises about a crash said aloud. [OS] is the real one. [Sim] keeps its
// files in memory behind a write cache that is lost in a crash, fills up, fails
// to sync and rots on request, so that a store is tested against what disks do.
package disk
