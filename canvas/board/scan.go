package board

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"unicode/utf8"
)

// scan reads JSON strictly, in one pass and without making Go values of what it
// passes over. After the first error all that it returns is empty, and err says
// why.
type scan struct {
	b   []byte
	i   int
	err error
}

// maxJSONDepth bounds objects in objects.
const maxJSONDepth = 64

var errJSON = errors.New("this is not the JSON that belongs here")

func (s *scan) fail() {
	if s.err == nil {
		s.err = errJSON
	}
}

// peek is the next byte that is no space, or 0.
func (s *scan) peek() byte {
	if s.err != nil {
		return 0
	}
	for ; s.i < len(s.b); s.i++ {
		switch s.b[s.i] {
		case ' ', '\n', '\t', '\r':
		default:
			return s.b[s.i]
		}
	}
	return 0
}

// take passes over c, which must be next.
func (s *scan) take(c byte) {
	if s.peek() != c {
		s.fail()
		return
	}
	s.i++
}

// end checks that nothing follows.
func (s *scan) end() {
	if s.peek() != 0 || s.i < len(s.b) {
		s.fail()
	}
}

// next steps from one member to the next: in an object or array that was opened,
// before its first (first true) and each later one. False: it is closed.
func (s *scan) next(first *bool, closing byte) bool {
	c := s.peek()
	if c == closing {
		s.i++
		return false
	}
	if !*first {
		s.take(',')
		if s.peek() == closing {
			s.fail()
		}
	}
	*first = false
	return s.err == nil
}

// key reads a member's name. The bytes are good until the next string is read.
func (s *scan) key() []byte {
	k := s.text()
	s.take(':')
	return k
}

// text reads a string; the bytes may be part of the input.
func (s *scan) text() []byte {
	from := s.i
	escaped := s.skipText()
	if s.err != nil {
		return nil
	}
	for s.b[from] != '"' {
		from++
	}
	if !escaped {
		return s.b[from+1 : s.i-1]
	}
	var text string
	if json.Unmarshal(s.b[from:s.i], &text) != nil {
		s.fail()
	}
	return []byte(text)
}

// skipText passes over a string and tells whether anything in it is escaped.
func (s *scan) skipText() (escaped bool) {
	s.take('"')
	if s.err != nil {
		return false
	}
	from, ascii := s.i, true
	for ; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; {
		case c == '"':
			if !ascii && !utf8.Valid(s.b[from:s.i]) {
				s.fail()
			}
			s.i++
			return escaped
		case c == '\\':
			escaped = true
			if !s.skipEscape() {
				s.fail()
				return false
			}
		case c < ' ':
			s.fail()
			return false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	s.fail()
	return false
}

// skipEscape leaves i at the escape's last byte. Half a surrogate pair is
// refused: it has no form in UTF-8, and would come back as something else.
func (s *scan) skipEscape() bool {
	s.i++
	if s.i >= len(s.b) {
		return false
	}
	if s.b[s.i] != 'u' {
		return bytes.IndexByte([]byte(`"\/bfnrt`), s.b[s.i]) >= 0
	}
	high := s.hex(s.i + 1)
	s.i += 4
	switch {
	case high < 0 || high >= 0xdc00 && high < 0xe000:
		return false
	case high < 0xd800 || high >= 0xe000:
		return true
	case s.i+2 >= len(s.b) || s.b[s.i+1] != '\\' || s.b[s.i+2] != 'u':
		return false
	}
	low := s.hex(s.i + 3)
	s.i += 6
	return low >= 0xdc00 && low < 0xe000
}

// hex is the number of four hexadecimal digits, or -1.
func (s *scan) hex(at int) int {
	if at+4 > len(s.b) {
		return -1
	}
	n := 0
	for _, c := range s.b[at : at+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		n = n<<4 | int(c)
	}
	return n
}

// number reads a number, which must be finite.
func (s *scan) number() float64 {
	s.peek()
	from := s.i
	s.skipNumber()
	if s.err != nil {
		return 0
	}
	if n, ok := small(s.b[from:s.i]); ok {
		return n
	}
	f, err := strconv.ParseFloat(string(s.b[from:s.i]), 64)
	if err != nil || math.IsInf(f, 0) {
		s.fail()
		return 0
	}
	return f + 0 // no negative zero
}

// small is the value of an integer of few digits, which most numbers are.
func small(b []byte) (float64, bool) {
	negative := b[0] == '-'
	if negative {
		b = b[1:]
	}
	if len(b) > 9 {
		return 0, false
	}
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	if negative {
		n = -n
	}
	return float64(n), true
}

func (s *scan) skipNumber() {
	if s.i < len(s.b) && s.b[s.i] == '-' {
		s.i++
	}
	zero := s.i < len(s.b) && s.b[s.i] == '0'
	if n := s.skipDigits(); n == 0 || zero && n > 1 {
		s.fail()
	}
	if s.i < len(s.b) && s.b[s.i] == '.' {
		s.i++
		if s.skipDigits() == 0 {
			s.fail()
		}
	}
	if s.i < len(s.b) && s.b[s.i]|0x20 == 'e' {
		s.i++
		if s.i < len(s.b) && (s.b[s.i] == '+' || s.b[s.i] == '-') {
			s.i++
		}
		if s.skipDigits() == 0 {
			s.fail()
		}
	}
}

func (s *scan) skipDigits() int {
	from := s.i
	for s.i < len(s.b) && s.b[s.i] >= '0' && s.b[s.i] <= '9' {
		s.i++
	}
	return s.i - from
}

// boolean reads true or false.
func (s *scan) boolean() bool {
	if s.word("true") {
		return true
	}
	if !s.word("false") {
		s.fail()
	}
	return false
}

// word passes over a word if it is next.
func (s *scan) word(w string) bool {
	s.peek()
	if s.err != nil || !bytes.HasPrefix(s.b[s.i:], []byte(w)) {
		return false
	}
	s.i += len(w)
	return true
}

// value passes over one value and returns its bytes, part of the input.
func (s *scan) value() []byte {
	s.peek()
	from := s.i
	s.skip(maxJSONDepth)
	if s.err != nil {
		return nil
	}
	return s.b[from:s.i]
}

func (s *scan) skip(depth int) {
	if depth == 0 {
		s.fail()
	}
	switch c := s.peek(); {
	case c == '{' || c == '[':
		s.i++
		first := true
		for s.next(&first, c+2) {
			if c == '{' {
				s.skipText()
				s.take(':')
			}
			s.skip(depth - 1)
		}
	case c == '"':
		s.skipText()
	case c == '-' || c >= '0' && c <= '9':
		from := s.i
		s.skipNumber()
		s.finite(from)
	default:
		if !s.word("true") && !s.word("false") && !s.word("null") {
			s.fail()
		}
	}
}

// finite refuses a number that was passed over but is too large to be one, as
// 1e999 is.
func (s *scan) finite(from int) {
	if s.err != nil || bytes.IndexByte(s.b[from:s.i], 'e') < 0 && bytes.IndexByte(s.b[from:s.i], 'E') < 0 && s.i-from < 300 {
		return
	}
	if _, err := strconv.ParseFloat(string(s.b[from:s.i]), 64); err != nil {
		s.fail()
	}
}

// compact is a value that was passed over, without spaces between its parts.
func compact(value []byte) string {
	if bytes.IndexByte(value, ' ') < 0 && bytes.IndexByte(value, '\n') < 0 && bytes.IndexByte(value, '\t') < 0 && bytes.IndexByte(value, '\r') < 0 {
		return string(value)
	}
	var b bytes.Buffer
	if json.Compact(&b, value) != nil {
		return string(value)
	}
	return b.String()
}

// The JSON that is written.

func appendText(b []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf || c == '<' || c == '>' || c == '&' {
			plain = false
			break
		}
	}
	if plain {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	quoted, _ := json.Marshal(s) // a string never fails
	return append(b, quoted...)
}

func appendNumber(b []byte, f float64) []byte {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.AppendInt(b, int64(f), 10)
	}
	if a := math.Abs(f); a < 1e-6 || a >= 1e21 {
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, f, 'f', -1, 64)
}
