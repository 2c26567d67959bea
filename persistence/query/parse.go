package query

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/parlor-server/parlor/persistence/value"
)

// Parse reads the JSON form; no bytes at all are All. The error is a
// *schema.Error BAD_QUERY, which names what it could not understand.
func Parse(data []byte) (Query, error) {
	q := All()
	if len(data) == 0 {
		return q, nil
	}
	if len(data) > MaxBytes {
		return q, bad("the query has more than %d bytes", MaxBytes)
	}
	if !utf8.Valid(data) || !json.Valid(data) {
		return q, bad("the query is not JSON")
	}
	p := parser{d: json.NewDecoder(bytes.NewReader(data))}
	p.d.UseNumber()
	err := p.object("the query", func(name string) error {
		switch name {
		case "where":
			return p.where(&q)
		case "orderBy":
			return p.list("orderBy", func() error { return p.order(&q) })
		case "limit":
			return p.count("limit", &q.Limit)
		case "offset":
			return p.count("offset", &q.Offset)
		}
		return bad("the query has an unknown part %q: use where, orderBy, limit or offset", name)
	})
	return q, err
}

// ParseWhere reads a condition alone, as in the where of a query.
func ParseWhere(data []byte) (*Cond, error) {
	q, err := Parse(slices.Concat([]byte(`{"where":`), data, []byte(`}`)))
	return q.Where, err
}

// parser reads tokens of JSON that is known to be valid.
type parser struct {
	d             *json.Decoder
	depth         int
	conds, values int
}

func (p *parser) token() (json.Token, error) {
	t, err := p.d.Token()
	if err != nil {
		return nil, bad("the query is not JSON: %v", err)
	}
	return t, nil
}

// object calls member for each member's name; it must read the value.
func (p *parser) object(what string, member func(name string) error) error {
	t, err := p.token()
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		return bad("%s must be an object", what)
	}
	seen := map[string]bool{}
	for p.d.More() {
		t, err := p.token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		if seen[name] {
			return bad("%s has %q twice", what, name)
		}
		seen[name] = true
		if err := member(name); err != nil {
			return err
		}
	}
	_, err = p.token()
	return err
}

// list calls element for each element, which it must read.
func (p *parser) list(what string, element func() error) error {
	t, err := p.token()
	if err != nil {
		return err
	}
	if t != json.Delim('[') {
		return bad("%s must be a list", what)
	}
	for p.d.More() {
		if err := element(); err != nil {
			return err
		}
	}
	_, err = p.token()
	return err
}

func (p *parser) text(what string) (string, error) {
	t, err := p.token()
	if err != nil {
		return "", err
	}
	s, ok := t.(string)
	if !ok {
		return "", bad("%s must be a string", what)
	}
	return s, nil
}

func (p *parser) count(what string, n *int) error {
	t, err := p.token()
	if err != nil {
		return err
	}
	number, _ := t.(json.Number)
	i, err := strconv.ParseUint(string(number), 10, 31)
	if err != nil {
		return bad("%s must be a whole number from 0 to %d", what, math.MaxInt32)
	}
	*n = int(i)
	return nil
}

func (p *parser) where(q *Query) error {
	c, err := p.cond()
	q.Where = &c
	return err
}

func (p *parser) cond() (c Cond, err error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.conds++; p.conds > MaxConds {
		return c, bad("the query has more than %d conditions", MaxConds)
	}
	if p.depth > MaxDepth {
		return c, bad("conditions are nested more than %d deep", MaxDepth)
	}
	err = p.object("a condition", func(name string) error {
		if c.Op != 0 {
			return bad("a condition has one operator, not %s and %q", c.Op, name)
		}
		names := opNames()
		i := slices.Index(names[:], name)
		if i < 1 {
			return bad("the operator %q is not supported: use eq, ne, gt, gte, lt, lte, in, like, ilike, isNull, and, or or not", name)
		}
		c.Op = Op(i)
		return p.operands(&c)
	})
	if err == nil && c.Op == 0 {
		err = bad("a condition must have an operator")
	}
	return c, err
}

// operands reads what follows an operator.
func (p *parser) operands(c *Cond) error {
	switch c.Op {
	case OpAnd, OpOr:
		return p.list(c.Op.String(), func() error {
			kid, err := p.cond()
			c.Conds = append(c.Conds, kid)
			return err
		})
	case OpNot:
		kid, err := p.cond()
		c.Conds = []Cond{kid}
		return err
	}
	want := 2
	if c.Op == OpIsNull {
		want = 1
	}
	n := 0
	err := p.list(c.Op.String(), func() (err error) {
		switch n++; {
		case n > want:
			return bad("%s has too many operands", c.Op)
		case n == 1:
			c.Field, err = p.text("the field of " + c.Op.String())
		case c.Op == OpIn:
			err = p.list("the second operand of in", func() error {
				v, err := p.literal(c)
				c.Values = append(c.Values, v)
				return err
			})
		default:
			c.Value, err = p.literal(c)
		}
		return err
	})
	if err == nil && n < want {
		err = bad("%s needs %d operands", c.Op, want)
	}
	return err
}

func (p *parser) literal(c *Cond) (v value.Value, err error) {
	if p.values++; p.values > MaxValues {
		return v, bad("the query has more than %d values", MaxValues)
	}
	t, err := p.token()
	if err != nil {
		return v, err
	}
	switch t := t.(type) {
	case nil:
		return v, nil
	case bool:
		return value.OfBool(t), nil
	case string:
		return value.OfString(t), nil
	case json.Number:
		return parseNumber(c, string(t))
	}
	return v, bad("%s %s: must be compared with a bool, number, string or null", c.Op, c.Field)
}

// parseNumber keeps integers of 64 bits exact; all other numbers are float64.
func parseNumber(c *Cond, text string) (value.Value, error) {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return value.OfInt(i), nil
	}
	if u, err := strconv.ParseUint(text, 10, 64); err == nil {
		return value.OfUint(u), nil
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return value.Value{}, bad("%s %s: the number %s is too large", c.Op, c.Field, text)
	}
	return value.OfFloat(x), nil
}

// order reads ["Field", "desc", "first"]; the latter two in any order, or not
// at all.
func (p *parser) order(q *Query) error {
	if len(q.OrderBy) == MaxOrders {
		return bad("orderBy has more than %d levels", MaxOrders)
	}
	var o Order
	n := 0
	err := p.list("an entry of orderBy", func() error {
		word, err := p.text("an entry of orderBy")
		switch n++; {
		case err != nil:
			return err
		case n == 1:
			o.Field = word
		case n > 3:
			return bad("an entry of orderBy has too many words")
		case word == "asc":
			o.Desc = false
		case word == "desc":
			o.Desc = true
		case word == "first":
			o.NullsFirst = true
		case word == "last":
			o.NullsFirst = false
		default:
			return bad("orderBy %s: %q is not known: use asc, desc, first or last", o.Field, word)
		}
		return nil
	})
	if err == nil && n == 0 {
		err = bad("an entry of orderBy must name a field")
	}
	q.OrderBy = append(q.OrderBy, o)
	return err
}
