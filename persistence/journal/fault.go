package journal

// The points at which Options.Fault is called, in the order of a journal's
// life. A crash at any of them must leave the journal whole.
const (
	faultCreated  = "journal.segment.created"  // a segment has its header, not synced
	faultSynced   = "journal.segment.synced"   // it is synced, its name is not
	faultNamed    = "journal.segment.named"    // its name is
	faultWrite    = "journal.append.write"     // a batch is encoded, not written
	faultWritten  = "journal.append.written"   // written, not synced
	faultDurable  = "journal.append.durable"   // synced, not confirmed
	faultSeal     = "journal.seal.write"       // a segment is full, its trailer not written
	faultSealed   = "journal.seal.durable"     // the trailer is synced, the next segment not made
	faultCut      = "journal.cut.remove"       // a segment is about to be removed
	faultRemoved  = "journal.cut.removed"      // it is removed, its folder not synced
	faultRecover  = "journal.recover.truncate" // what was torn is about to be cut off
	faultRepeat   = "journal.recover.repeat"   // it is cut off, the last batch not written again
	faultRepeated = "journal.recover.durable"  // recovery is synced
)

// FaultPoints are the names that Options.Fault is called with.
func FaultPoints() []string {
	return []string{
		faultCreated, faultSynced, faultNamed, faultWrite, faultWritten, faultDurable, faultSeal,
		faultSealed, faultCut, faultRemoved, faultRecover, faultRepeat, faultRepeated,
	}
}
