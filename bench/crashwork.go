//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"

	"github.com/parlor-server/parlor/persistence/store"
)

// The spaces that transactions write to: collections, a counter that each
// transaction raises by one, and one that is not in the change log.
const (
	crashCollections             = 3
	crashCounter     store.Space = 300
	crashOwn         store.Space = 7
	crashKeys                    = 120
)

// crashChange is one operation of a transaction.
type crashChange struct {
	Space   store.Space
	Key     string
	Value   []byte // with a checksum over itself, its place and its transaction
	Removed bool
}

func crashRoom(i int) string { return fmt.Sprintf("crash/r%d", i) }

// crashTransaction is what a life of the process writes as one transaction of a
// room: always the same, so that it can be told whether all of it is there.
func crashTransaction(seed uint64, life, room int, seq uint64) []crashChange {
	random := rand.New(rand.NewPCG(seed^uint64(life)<<32^uint64(room)<<56, seq))
	list := make([]crashChange, 0, 8)
	used := map[string]bool{}
	for range 1 + random.IntN(6) {
		c := crashChange{
			Space:   store.FirstLogged + store.Space(random.IntN(crashCollections)),
			Key:     fmt.Sprintf("key%03d", random.IntN(crashKeys)),
			Removed: random.IntN(5) == 0,
		}
		if place := fmt.Sprint(c.Space, c.Key); used[place] {
			continue
		} else {
			used[place] = true
		}
		if !c.Removed {
			c.Value = crashValue(c, life, seq, random)
		}
		list = append(list, c)
	}
	list = append(list, crashChange{Space: crashOwn, Key: "life", Value: binary.AppendUvarint(nil, uint64(life))})
	return append(list, crashChange{Space: crashCounter, Key: "transactions", Value: binary.AppendUvarint(nil, seq)})
}

// crashValue is long at times, so that writes tear in the middle of it.
func crashValue(c crashChange, life int, seq uint64, random *rand.Rand) []byte {
	size := random.IntN(120)
	if random.IntN(20) == 0 {
		size = random.IntN(6000)
	}
	b := make([]byte, size, size+40)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	b = binary.LittleEndian.AppendUint64(b, seq)
	b = binary.LittleEndian.AppendUint32(b, uint32(life))
	sum := crc32.ChecksumIEEE(append(append([]byte(nil), b...), fmt.Sprint(c.Space, c.Key)...))
	return binary.LittleEndian.AppendUint32(b, sum)
}
