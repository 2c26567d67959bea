package yjs

import "unicode/utf8"

// Lengths and positions in text are in UTF-16 code units, as in JavaScript.

// utf16Len is the number of code units of valid UTF-8.
func utf16Len(b []byte) (n int) {
	for _, c := range b {
		if c&0xc0 != 0x80 {
			n++
		}
		if c >= 0xf0 {
			n++
		}
	}
	return n
}

// utf16Index is the byte offset of the n-th of total code units; inside tells
// that n lies within a surrogate pair: then it is the offset of the pair. The
// search starts at the nearer end, so that splitting a text to pieces costs
// n log n and not its square.
func utf16Index(b []byte, n, total int) (offset int, inside bool) {
	if len(b) == total {
		return n, false
	}
	if n > total/2 {
		i := len(b)
		for at := total; at > n; {
			_, size := utf8.DecodeLastRune(b[:i])
			i -= size
			at--
			if size == 4 {
				at--
			}
			if at < n {
				return i, true
			}
		}
		return i, false
	}
	i := 0
	for at := 0; at < n; {
		size := 1
		switch c := b[i]; {
		case c >= 0xf0:
			size = 4
			at++
		case c >= 0xe0:
			size = 3
		case c >= 0xc0:
			size = 2
		}
		at++
		if at > n {
			return i, true
		}
		i += size
	}
	return i, false
}

// splitText divides a text of total code units after n. A divided surrogate
// pair becomes two replacement characters, as in yjs: a half cannot be encoded.
// Of the two texts the shorter is copied then, for each needs three of the
// pair's four bytes.
func splitText(text *run[byte], n, total int) run[byte] {
	const replacement = "\xef\xbf\xbd"
	at, inside := utf16Index(text.list, n, total)
	if !inside {
		return text.split(at)
	}
	right := text.split(at)
	if len(text.list) < len(right.list) {
		text.list, text.shared = append(append(make([]byte, 0, at+3), text.list...), replacement...), false
		right.list = right.list[1:]
		copy(right.list, replacement)
		return right
	}
	right = run[byte]{list: append(append(make([]byte, 0, len(right.list)), replacement...), right.list[4:]...)}
	text.list = append(text.list, replacement...)
	return right
}
