package store

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

// load puts records of 200 bytes under random-looking keys into a room.
func load(b *testing.B, r *Room, records int) {
	b.Helper()
	var batch Batch
	var wait sync.WaitGroup
	for i := 0; i < records; {
		batch.Begin(r.Seq() + 1)
		for range min(1000, records-i) {
			batch.Put(300, benchKey(i), make([]byte, 200))
			i++
		}
		wait.Add(1)
		r.Commit(&batch, func(err error) {
			if err != nil {
				b.Error(err)
			}
			wait.Done()
		})
		for r.s.Full() {
			<-r.s.Drained()
		}
	}
	wait.Wait()
}

func benchKey(i int) string {
	var key [16]byte
	binary.BigEndian.PutUint64(key[:], uint64(i)*0x9E3779B97F4A7C15)
	binary.BigEndian.PutUint64(key[8:], uint64(i))
	return string(key[:])
}

// BenchmarkEach reads a million records of 200 bytes from a warm file.
func BenchmarkEach(b *testing.B) {
	s := open(b, b.TempDir(), Options{})
	r := room(b, s, "tasks/main")
	load(b, r, 1_000_000)
	if err := s.Checkpoint(); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for b.Loop() {
		n := 0
		if err := r.Each(300, func(key, value []byte, seq uint64) error { n++; return nil }); err != nil || n != 1_000_000 {
			b.Fatal(n, err)
		}
	}
}

// BenchmarkOpen opens a folder after a kill with 32 MiB in the journal beside a
// million records.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	s := open(b, dir, Options{CheckpointBytes: 1 << 40, CheckpointEvery: time.Hour})
	r := room(b, s, "tasks/main")
	load(b, r, 1_000_000)
	if err := s.Checkpoint(); err != nil {
		b.Fatal(err)
	}
	load(b, r, 32<<20/220)
	s.crash()
	for b.Loop() {
		s, err := Open(dir, Options{CheckpointBytes: 1 << 40, CheckpointEvery: time.Hour})
		if err != nil {
			b.Fatal(err)
		}
		s.crash()
	}
}

// BenchmarkCommit makes transfers durable: two rows of 60 bytes and a receipt
// each, 40 in flight at each of 64 callers, on accounts of one room. It reports
// how long the disk took to confirm.
func BenchmarkCommit(b *testing.B) {
	for _, bytes := range []int64{1 << 40, 32 << 20} {
		b.Run(fmt.Sprintf("checkpoint=%d", bytes), func(b *testing.B) { benchmarkCommit(b, bytes) })
	}
}

func benchmarkCommit(b *testing.B, checkpointBytes int64) {
	const accounts, batchSize, inFlight = 100_000, 64, 40
	s := open(b, b.TempDir(), Options{CheckpointBytes: checkpointBytes})
	r := room(b, s, "bank/main")
	load(b, r, accounts)
	keys := make([]string, accounts)
	for i := range keys {
		keys[i] = benchKey(i)
	}
	if err := s.Checkpoint(); err != nil {
		b.Fatal(err)
	}
	slots := make(chan struct{}, inFlight)
	var waits []time.Duration
	var batch Batch
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; {
		slots <- struct{}{}
		base := r.Seq()
		for n := range min(batchSize, b.N-i) {
			batch.Begin(base + 1 + uint64(n))
			batch.Put(300, keys[rand.IntN(accounts)], make([]byte, 60))
			batch.Put(300, keys[rand.IntN(accounts)], make([]byte, 60))
			batch.Put(1, keys[i%64], make([]byte, 40))
			i++
		}
		start := time.Now()
		r.Commit(&batch, func(err error) {
			if err != nil {
				b.Error(err)
			}
			waits = append(waits, time.Since(start))
			<-slots
		})
	}
	for range inFlight {
		slots <- struct{}{}
	}
	reportWaits(b, waits)
}

// BenchmarkConfirm commits twenty transfers every millisecond and reports how
// long the disk took to confirm them, with and without a checkpoint of 100,000
// records beside them.
func BenchmarkConfirm(b *testing.B) {
	for _, beside := range []bool{false, true} {
		b.Run(fmt.Sprintf("checkpoint=%v", beside), func(b *testing.B) { benchmarkConfirm(b, beside) })
	}
}

func benchmarkConfirm(b *testing.B, beside bool) {
	s := open(b, b.TempDir(), Options{CheckpointBytes: 1 << 30})
	r := room(b, s, "bank/main")
	load(b, r, 100_000)
	checkpoint(b, s)
	load(b, r, 100_000) // what the checkpoint has to write
	if beside {
		s.checkpoints.wakeUp()
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	var batch Batch
	var waits []time.Duration
	b.ResetTimer()
	for range b.N {
		<-tick.C
		base := r.Seq()
		for i := range uint64(20) {
			batch.Begin(base + 1 + i)
			batch.Put(300, benchKey(rand.IntN(100_000)), make([]byte, 60))
			batch.Put(300, benchKey(rand.IntN(100_000)), make([]byte, 60))
		}
		start := time.Now()
		r.Commit(&batch, func(error) { waits = append(waits, time.Since(start)) })
	}
	b.StopTimer()
	if err := commitEmpty(r); err != nil { // behind all others
		b.Fatal(err)
	}
	reportWaits(b, waits)
}

func commitEmpty(r *Room) error {
	var batch Batch
	batch.Begin(r.Seq() + 1)
	return commitAndWait(r, &batch)
}

func reportWaits(b *testing.B, waits []time.Duration) {
	slices.Sort(waits)
	b.ReportMetric(float64(waits[len(waits)/2].Microseconds())/1e3, "p50-ms")
	b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1e3, "p99-ms")
	b.ReportMetric(float64(waits[len(waits)-1].Microseconds())/1e3, "max-ms")
}
