package journal

import "hash/crc32"

// segmentReader reads the batches of one segment.
type segmentReader struct {
	*reader
	window *window
	at     Position // of the segment
	limit  Position // of the next one
	last   bool
}

func (s *segmentReader) read() error {
	p := s.at + headerSize
	for p < s.limit && !s.ends {
		h, body, what, err := s.batch(p)
		if err != nil {
			return err
		}
		if what == "" {
			if what, err = s.take(h, body); err != nil {
				return err
			}
		}
		if what == "" {
			s.doubtful = max(h.synced, s.at+headerSize)
			p = h.end()
			continue
		}
		next, found, err := s.resync(p)
		if err != nil {
			return err
		}
		if !found {
			return s.tail(p, what, h)
		}
		s.damaged(s.at, p, next, what, !h.isMarkUpTo(next))
		p = next
	}
	return s.tail(p, "what should follow is missing", head{})
}

// isMarkUpTo says of a batch whose head can be read that up to a position there
// was nothing but a mark: no entries.
func (h head) isMarkUpTo(end Position) bool {
	return (h.kind == kindMark || h.kind == kindTrailer) && h.end() == end
}

// batch reads the batch at p, or says what is there instead; then h is set if
// at least the head is right.
func (s *segmentReader) batch(p Position) (h head, body []byte, what string, err error) {
	off := int64(p - s.at)
	b, err := s.window.at(off, headSize)
	if err != nil {
		return h, nil, "", err
	}
	if len(b) < headSize {
		return h, nil, "the segment ends", nil
	}
	h, ok := parseHead(b, s.seed)
	if !ok {
		return head{}, nil, "the head of a batch is damaged", nil
	}
	if h.position != p || h.synced > p {
		return head{}, nil, "a batch of another place", nil
	}
	if h.end() > s.limit || off+headSize+int64(h.size) > s.window.size {
		return h, nil, "a batch is longer than its segment", nil
	}
	body, err = s.window.at(off+headSize, int64(h.size))
	if err != nil {
		return h, nil, "", err
	}
	if crc32.Update(s.seed, castagnoli(), body) != h.bodySum {
		return h, nil, "a batch is damaged: its checksum differs", nil
	}
	return h, body, "", nil
}

// resync looks behind a bad batch at p for one that proves that p was durable
// once: one that was written when what is before it was. Without any, what is
// at p is the torn end of an interrupted append.
func (s *segmentReader) resync(p Position) (next Position, found bool, err error) {
	for off := int64(p-s.at) + batchAlign; ; off += batchAlign {
		if off, err = s.window.find(off); err != nil || off >= s.window.size {
			return 0, false, err
		}
		b, err := s.window.at(off, headSize)
		if err != nil {
			return 0, false, err
		}
		if len(b) < headSize {
			return 0, false, nil
		}
		q := s.at + Position(off)
		if q >= s.limit {
			return 0, false, nil
		}
		if h, ok := parseHead(b, s.seed); ok && h.position == q && h.synced > p {
			return q, true, nil
		}
	}
}

// take uses a batch whose sums are right; what says that it makes no sense.
func (s *segmentReader) take(h head, body []byte) (what string, err error) {
	b := bodyReader{rest: body, ok: true}
	if h.kind != kindEntries {
		return s.takeMark(h, b), nil
	}
	// First all, then each: a batch is taken whole or not.
	for check := b; len(check.rest) > 0; {
		if check.parts(); !check.ok {
			return "a batch does not make sense", nil
		}
	}
	for len(b.rest) > 0 {
		e := b.entry()
		name, next := s.proofs.entry(e, h.end() > s.from)
		if !next || h.end() <= s.from {
			continue
		}
		s.report.Entries++
		if err := s.replay(h.end(), Entry{Room: name, First: e.first, Last: e.last, Data: e.data}); err != nil {
			return "", err
		}
	}
	return "", nil
}

func (s *segmentReader) takeMark(h head, b bodyReader) (what string) {
	s.marks = s.marks[:0]
	for len(b.rest) > 0 {
		m := b.marked()
		if !b.ok {
			return "a mark does not make sense"
		}
		s.marks = append(s.marks, m)
	}
	s.proofs.mark(s.marks, h.end() > s.from)
	s.ends, s.marked = h.kind == kindTrailer, h.end()
	return ""
}

// tail ends the segment at p, where there is no batch and none behind it.
func (s *segmentReader) tail(p Position, what string, h head) error {
	s.report.End = p
	if !s.last {
		if p < s.limit {
			s.damaged(s.at, p, s.limit, what, !h.isMarkUpTo(s.limit))
			s.report.End = s.limit
		}
		return nil
	}
	end, err := s.window.written(min(int64(p-s.at), s.window.size))
	if err != nil {
		return err
	}
	if torn := s.at + Position(end); torn > p {
		s.report.Torn = Range{p, torn}
	}
	return nil
}
