package board

// member is one of a JSON object.
type member struct{ key, value string }

// members are those of a JSON object, in order; of equal keys the last counts.
type members struct {
	list []member
	at   map[string]int
}

// add takes the members of a valid object.
func (m *members) add(object string) {
	s := scan{b: []byte(object)}
	s.take('{')
	first := true
	for s.next(&first, '}') {
		key := string(s.key())
		value := string(s.value())
		if i, ok := m.at[key]; ok {
			m.list[i].value = value
			continue
		}
		m.at[key] = len(m.list)
		m.list = append(m.list, member{key, value})
	}
}

// mergeObjects is old with the members of patch instead of its own; null removes
// one. Both are valid objects without spaces, or "".
func mergeObjects(old, patch string) string {
	m := members{at: map[string]int{}}
	if old != "" {
		m.add(old)
	}
	m.add(patch)
	b := []byte{'{'}
	for _, m := range m.list {
		if m.value == "null" {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(appendText(b, m.key), ':'), m.value...)
	}
	return string(append(b, '}'))
}
