package value

// Compare orders cells: null first; false, true; numbers by their exact value,
// whatever their kinds; strings by UTF-16 code units, as JavaScript does;
// bytes by bytes; times. Cells that have no common order compare by kind.
func Compare(a, b Value) int { panic("not yet") }
