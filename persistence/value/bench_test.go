package value

import (
	"testing"
	"time"
)

// account is a hot record: five fields, no JSON.
type account struct {
	ID      uint32 `parlor:"key"`
	Owner   string `parlor:"index"`
	Balance int64
	Open    bool
	Seen    time.Time
}

func BenchmarkEncodeDecode(b *testing.B) {
	codec, _, err := Bind[account]("Accounts")
	if err != nil {
		b.Fatal(err)
	}
	in := account{ID: 77_001, Owner: "user-77001", Balance: 1_000_000, Open: true, Seen: time.UnixMicro(1_790_000_000_000_000)}
	meta := Meta{CreatedBy: "server", CreatedAt: in.Seen, UpdatedAt: in.Seen}
	row, err := codec.Encode(&in, meta)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			v := in
			row, _ = codec.Encode(&v, meta)
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var out account
			_ = codec.Decode(row, &out)
			if out.ID != in.ID {
				b.Fatal("lost the key")
			}
		}
	})
	b.Run("update", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			v := in
			v.Balance++
			_, _ = codec.Update(row, &v)
		}
	})
	c := codec.Collection()
	b.Run("get", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if c.Get(row, 7).IsNull() {
				b.Fatal("null")
			}
		}
	})
	b.Run("check", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if c.CheckRow(row) != nil {
				b.Fatal("bad")
			}
		}
	})
	b.Run("diff", func(b *testing.B) {
		in.Balance++
		other, _ := codec.Encode(&in, meta)
		var room []byte
		b.ReportAllocs()
		for b.Loop() {
			room = c.AppendDiff(room[:0], row, other)
		}
	})
}
