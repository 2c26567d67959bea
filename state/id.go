package state

import "strconv"

// ID names one row of a table: its slot in the low 20 bits and its generation
// (1 to 4095) above. A slot that is used again gets the next generation, so an
// ID kept too long finds no row instead of a stranger. The zero ID is no row.
type ID uint32

const (
	slotBits = 20
	maxSlots = 1 << slotBits
	maxGen   = 1<<12 - 1
)

// MaxGeneration is the highest generation of a slot; the next use is 1 again.
const MaxGeneration = maxGen

// MakeID builds the ID of a slot's use: for those who give out player IDs.
func MakeID(slot, generation int) ID { return makeID(uint32(slot), uint16(generation)) }

func makeID(slot uint32, gen uint16) ID { return ID(uint32(gen)<<slotBits | slot) }

// Slot is the row's place in its table, from 0.
func (id ID) Slot() int { return int(id & (maxSlots - 1)) }

// Generation counts the uses of the slot: 1 to 4095, then 1 again. It is 0 for the zero ID only.
func (id ID) Generation() int { return int(id >> slotBits) }

// String returns slot and generation, such as "3v1".
func (id ID) String() string {
	if id == 0 {
		return "none"
	}
	return strconv.Itoa(id.Slot()) + "v" + strconv.Itoa(id.Generation())
}

func (id ID) slot() uint32 { return uint32(id) & (maxSlots - 1) }
func (id ID) gen() uint16  { return uint16(id >> slotBits) }

func nextGen(gen uint16) uint16 { return gen%maxGen + 1 }
