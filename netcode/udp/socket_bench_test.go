package udp

import (
	"fmt"
	"testing"
)

// One operation is one packet of 200 bytes, written and read on one goroutine,
// so many at once. Fewer than fit a read leave out the reader's pause.
func BenchmarkSocket(b *testing.B) {
	for _, path := range []struct {
		name     string
		portable bool
	}{{"fast", false}, {"portable", true}} {
		for _, size := range []int{1, 16, socketBatch} {
			b.Run(fmt.Sprintf("%s/%d", path.name, size), func(b *testing.B) {
				from, to := openOne(b, "127.0.0.1:0", path.portable), openOne(b, "127.0.0.1:0", path.portable)
				out, in := make([]datagram, size), make([]datagram, socketBatch)
				for i := range out {
					out[i] = datagram{data: make([]byte, 200), addr: to.localAddr()}
				}
				b.ReportAllocs()
				for sent := 0; sent < b.N; sent += size {
					if err := from.write(out); err != nil {
						b.Fatal(err)
					}
					for got := 0; got < size; {
						if fast, ok := to.(interface{ hurry() }); ok {
							fast.hurry()
						}
						n, err := to.read(in)
						if err != nil {
							b.Fatal(err)
						}
						got += n
					}
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "packets/s")
			})
		}
	}
}

func BenchmarkOutbox(b *testing.B) {
	o := newOutbox(&dropSocket{})
	to := addrOf(1)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		o.commit(to, o.reserve()[:200])
		if i%64 == 0 {
			o.flush()
		}
	}
}

// dropSocket takes packets for nothing.
type dropSocket struct{ socket }

func (dropSocket) write([]datagram) error { return nil }

func BenchmarkForwardRing(b *testing.B) {
	r := newForwardRing()
	data, from := make([]byte, 200), addrOf(1)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.push(data, from)
		if i%64 == 0 {
			r.take()
		}
	}
}
