package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/parlor-server/parlor/canvas/yjs"
)

// dump gives a value the form that both sides compare: shared types say what
// they are, and what JSON lacks is spelled out.
func dump(v any) any {
	switch v := v.(type) {
	case *yjs.Map:
		entries := map[string]any{}
		for _, key := range v.Keys() {
			value, _ := v.Get(key)
			entries[key] = dump(value)
		}
		return map[string]any{"map": entries}
	case *yjs.Array:
		return map[string]any{"array": dumpList(v.Values())}
	case *yjs.Text:
		return map[string]any{"text": dumpRuns(v.Delta())}
	case *yjs.XMLText:
		return map[string]any{"text": dumpRuns(v.Delta()), "attributes": dumpMap(v.Attributes())}
	case *yjs.XMLElement:
		return map[string]any{"element": v.Name(), "attributes": dumpMap(v.Attributes()), "children": dumpList(v.Children())}
	case *yjs.XMLFragment:
		return map[string]any{"fragment": dumpList(v.Children())}
	case yjs.Subdoc:
		return map[string]any{"doc": v.GUID}
	case yjs.Undefined:
		return map[string]any{"undefined": true}
	case []byte:
		return map[string]any{"bytes": v}
	case int64:
		return map[string]any{"bigint": fmt.Sprint(v)}
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) || v == 0 && math.Signbit(v) {
			return map[string]any{"number": fmt.Sprint(v)}
		}
		return v
	case []any:
		return dumpList(v)
	case map[string]any:
		return map[string]any{"object": dumpMap(v)}
	}
	return v
}

func dumpList(list []any) []any {
	dumped := make([]any, len(list))
	for i, v := range list {
		dumped[i] = dump(v)
	}
	return dumped
}

func dumpMap(m map[string]any) map[string]any {
	dumped := make(map[string]any, len(m))
	for key, v := range m {
		dumped[key] = dump(v)
	}
	return dumped
}

func dumpRuns(runs []yjs.Run) []any {
	dumped := make([]any, len(runs))
	for i, r := range runs {
		attributes := map[string]any{}
		for key, value := range r.Attributes {
			attributes[key] = value
		}
		dumped[i] = []any{dump(r.Insert), attributes}
	}
	return dumped
}

// changes names what the last transaction changed: a path, then a key, or a star
// for the list.
func changes(doc *yjs.Doc) []string {
	var list []string
	for _, c := range doc.Changes() {
		path := c.Root
		for _, step := range c.Path {
			if path += "/" + step.Key; step.Key == "" {
				path += step.ID.String()
			}
		}
		for _, k := range c.Keys {
			list = append(list, path+" "+k.Key)
		}
		if c.List {
			list = append(list, path+" *")
		}
	}
	slices.Sort(list)
	return list
}
