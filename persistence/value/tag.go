package value

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// applyTag reads the tag of the collection's last field.
func (c *Collection) applyTag(tag string, s shape) error {
	field := len(c.Fields) - 1
	f := &c.Fields[field]
	if tag == "" {
		return nil
	}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(tag, ",") {
		word, arg, valued := strings.Cut(strings.TrimSpace(part), "=")
		if seen[word] && word != "index" && word != "unique" {
			return fmt.Errorf("the tag says %s twice", word)
		}
		seen[word] = true
		if err := c.applyWord(f, field, word, arg, valued, s); err != nil {
			return err
		}
	}
	return nil
}

func (c *Collection) applyWord(f *Field, field int, word, arg string, valued bool, s shape) error {
	if valued && word != "index" && word != "unique" && word != "default" {
		return fmt.Errorf("the tag's word %s takes no value", word)
	}
	if !s.envelope && word != "default" && word != "required" {
		return fmt.Errorf("the tag's word %q is not known for arguments: use default=VALUE, required or -", word)
	}
	switch word {
	case "key":
		if c.Key >= 0 {
			return fmt.Errorf("%s is the primary key already; for one of several fields use unique=NAME on each", c.Fields[c.Key].Name)
		}
		c.Key = field
	case "auto":
		f.Auto = true
	case "required":
		f.Required = true
	case "immutable":
		f.Immutable = true
	case "user":
		f.User = true
	case "server":
		f.Server = true
	case "index", "unique":
		return c.joinIndex(f.Name, field, arg, valued, word == "unique")
	case "default":
		v, err := parseDefault(f.Kind, arg)
		if err != nil {
			return fmt.Errorf("default=%s: %w", arg, err)
		}
		f.Default = &v
	default:
		return fmt.Errorf("the tag's word %q is not known: use key, auto, unique, index, default=VALUE, required, immutable, user, server or -", word)
	}
	return nil
}

// joinIndex adds the field to the index with the name, or to one of its own.
func (c *Collection) joinIndex(name string, field int, arg string, valued, unique bool) error {
	if valued {
		if arg == "" {
			return errors.New("the index needs a name behind the =")
		}
		name = arg
	}
	ix := c.Index(name)
	if ix == nil {
		c.Indexes = append(c.Indexes, Index{Name: name, Fields: []int{field}, Unique: unique})
		return nil
	}
	if ix.Unique != unique {
		return fmt.Errorf("index %s is unique in one tag and not in another", name)
	}
	ix.Fields = append(ix.Fields, field)
	return nil
}

// parseDefault reads the text of a default.
func parseDefault(k Kind, text string) (v Value, err error) {
	switch {
	case k == Bool:
		if text != "true" && text != "false" {
			return v, errors.New("must be true or false")
		}
		v = OfBool(text == "true")
	case k.Signed():
		var i int64
		i, err = strconv.ParseInt(text, 10, int(k.bits()))
		v = OfInt(i)
	case k.Unsigned():
		var u uint64
		u, err = strconv.ParseUint(text, 10, int(k.bits()))
		v = OfUint(u)
	case k.Float():
		var x float64
		x, err = strconv.ParseFloat(text, 64)
		if k == Float32 && err == nil {
			x = float64(float32(x))
		}
		v = OfFloat(x)
		if math.IsNaN(x) {
			err = errors.New("must be a number")
		}
	case k == String:
		v = OfString(text)
	case k == Time:
		var t time.Time
		t, err = time.Parse(time.RFC3339Nano, text)
		v = OfTime(t)
	default:
		return v, fmt.Errorf("%s cannot have a default: set it where the record is made", k)
	}
	if err != nil {
		return v, fmt.Errorf("must be %s", article(k))
	}
	if why := fits(k, v); why != "" {
		return v, errors.New(why)
	}
	return v, nil
}
