package query

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// pattern is a compiled like: the segments between its % signs. Matching takes
// time in proportion to the text, whatever the pattern.
type pattern struct {
	fold     bool
	segments []segment // one more than there are % signs
}

// segment is a piece of a pattern without %: plain text, or characters of
// which some may be any.
type segment struct {
	text  string // if it has no _
	any   bool   // it has _
	runes []rune // −1 for _
	masks map[rune]bits
	wild  bits // the positions of _
}

// bits has a bit for each position of a segment: MaxLike bytes fit.
type bits [MaxLike / 64]uint64

const anyRune = -1

func compilePattern(text string, fold bool) (*pattern, error) {
	if len(text) > MaxLike {
		return nil, bad("a pattern has %d bytes at most", MaxLike)
	}
	p := &pattern{fold: fold}
	var s segment
	escaped := false
	for _, r := range text {
		switch {
		case !escaped && r == '\\':
			escaped = true
			continue
		case !escaped && r == '%':
			p.segments = append(p.segments, s.done())
			s = segment{}
			continue
		case !escaped && r == '_':
			s.any = true
			r = anyRune
		case fold:
			r = foldRune(r)
		}
		escaped = false
		s.runes = append(s.runes, r)
	}
	if escaped {
		return nil, bad(`the pattern %q ends in a \ that escapes nothing`, text)
	}
	p.segments = append(p.segments, s.done())
	return p, nil
}

func (s segment) done() segment {
	if !s.any {
		s.text = string(s.runes)
		return s
	}
	s.masks = map[rune]bits{}
	for i, r := range s.runes {
		if r == anyRune {
			s.wild[i/64] |= 1 << (i % 64)
			continue
		}
		m := s.masks[r]
		m[i/64] |= 1 << (i % 64)
		s.masks[r] = m
	}
	return s
}

// exact returns the text that the pattern alone matches, if it has no wildcard.
func (p *pattern) exact() (text string, ok bool) {
	if p.fold || len(p.segments) > 1 || p.segments[0].any {
		return "", false
	}
	return p.segments[0].text, true
}

// prefix is the text that all matches begin with; whole says that all texts
// that begin so are matches.
func (p *pattern) prefix() (text string, whole bool) {
	if p.fold {
		return "", false
	}
	s := p.segments[0]
	if !s.any {
		return s.text, len(p.segments) == 2 && len(p.segments[1].runes) == 0
	}
	for i, r := range s.runes {
		if r == anyRune {
			return string(s.runes[:i]), false
		}
	}
	return "", false
}

func (p *pattern) match(text string) bool {
	if p.fold {
		text = foldText(text)
	}
	first := &p.segments[0]
	n, ok := first.atStart(text)
	if len(p.segments) == 1 {
		return ok && n == len(text)
	}
	if !ok {
		return false
	}
	text = text[n:]
	last := &p.segments[len(p.segments)-1]
	if n, ok = last.atEnd(text); !ok {
		return false
	}
	text = text[:n]
	for i := 1; i < len(p.segments)-1; i++ {
		if n, ok = p.segments[i].find(text); !ok {
			return false
		}
		text = text[n:]
	}
	return true
}

// atStart reports whether the text begins with the segment, and how many bytes
// it takes.
func (s *segment) atStart(text string) (n int, ok bool) {
	if !s.any {
		return len(s.text), strings.HasPrefix(text, s.text)
	}
	for _, want := range s.runes {
		r, size := utf8.DecodeRuneInString(text[n:])
		if size == 0 || want != anyRune && want != r {
			return 0, false
		}
		n += size
	}
	return n, true
}

// atEnd reports whether the text ends with the segment, and where it begins.
func (s *segment) atEnd(text string) (at int, ok bool) {
	if !s.any {
		return len(text) - len(s.text), strings.HasSuffix(text, s.text)
	}
	at = len(text)
	for i := len(s.runes) - 1; i >= 0; i-- {
		r, size := utf8.DecodeLastRuneInString(text[:at])
		if size == 0 || s.runes[i] != anyRune && s.runes[i] != r {
			return 0, false
		}
		at -= size
	}
	return at, true
}

// find returns where the segment's first occurrence ends. With _ it is the
// shift-and algorithm (Baeza-Yates and Gonnet): one step a character.
func (s *segment) find(text string) (end int, ok bool) {
	if !s.any {
		i := strings.Index(text, s.text)
		return i + len(s.text), i >= 0
	}
	last := len(s.runes) - 1
	var state bits
	for i, r := range text {
		carry, m := uint64(1), s.masks[r]
		for w := range state {
			next := state[w] >> 63
			state[w] = (state[w]<<1 | carry) & (m[w] | s.wild[w])
			carry = next
		}
		if state[last/64]&(1<<(last%64)) != 0 {
			_, size := utf8.DecodeRuneInString(text[i:])
			return i + size, true
		}
	}
	return 0, false
}

// foldRune maps a character to its lower case, alone and without a locale.
// U+0130 stays itself, for its lower case is two characters.
func foldRune(r rune) rune {
	if r == 'İ' {
		return r
	}
	return unicode.ToLower(r)
}

func foldText(s string) string {
	for i := 0; i < len(s); i++ {
		if b := s[i]; b >= utf8.RuneSelf || 'A' <= b && b <= 'Z' {
			return strings.Map(foldRune, s)
		}
	}
	return s
}
