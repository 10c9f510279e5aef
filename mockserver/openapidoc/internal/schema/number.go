package schema

import (
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Num is a number, exact.
type Num struct {
	i int64
	r *big.Rat // nil: the number is i
}

// longest and widest bound the digits and the exponent of numbers, which a few
// characters may make too large to be calculated with.
const (
	longest = 1000
	widest  = 1000
)

// ParseNum returns the number that text is in JSON. It reports false for what is
// none, and for numbers of more than a thousand digits.
func ParseNum(text string) (Num, bool) {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return Num{i: i}, true
	}
	if len(text) > longest || strings.ContainsAny(text, "/_xXpPoObB") {
		return Num{}, false
	}
	if at := strings.IndexAny(text, "eE"); at >= 0 {
		if exp, err := strconv.Atoi(text[at+1:]); err != nil || exp > widest || exp < -widest {
			return Num{}, false
		}
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return Num{}, false
	}
	return NumOf(r), true
}

// NumOf returns r as a number; r must not be changed any more.
func NumOf(r *big.Rat) Num {
	if r.IsInt() && r.Num().IsInt64() {
		return Num{i: r.Num().Int64()}
	}
	return Num{r: r}
}

// numOf returns the number that a value is; is tells whether it is a number at all,
// ok whether it can be calculated with.
func numOf(v any) (n Num, is, ok bool) {
	switch v := v.(type) {
	case json.Number:
		n, ok = ParseNum(string(v))
		return n, true, ok
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return Num{i: int64(v)}, true, true
		}
		n, ok = ParseNum(strconv.FormatFloat(v, 'g', -1, 64))
		return n, true, ok
	case int:
		return Num{i: int64(v)}, true, true
	case int64:
		return Num{i: v}, true, true
	}
	return Num{}, false, false
}

// Rat returns n, which the caller must not change.
func (n Num) Rat() *big.Rat {
	if n.r != nil {
		return n.r
	}
	return new(big.Rat).SetInt64(n.i)
}

// IsInt reports whether n has no fraction.
func (n Num) IsInt() bool { return n.r == nil || n.r.IsInt() }

// Cmp is negative if n is less than m, and positive if it is more.
func (n Num) Cmp(m Num) int {
	if n.r == nil && m.r == nil {
		switch {
		case n.i < m.i:
			return -1
		case n.i > m.i:
			return 1
		}
		return 0
	}
	return n.Rat().Cmp(m.Rat())
}

// IsMultipleOf reports whether n is a whole number of times m, which is not 0.
func (n Num) IsMultipleOf(m Num) bool {
	if n.r == nil && m.r == nil {
		return n.i%m.i == 0
	}
	return new(big.Rat).Quo(n.Rat(), m.Rat()).IsInt()
}

// String returns n in decimal digits; it must be a fraction of a power of ten.
func (n Num) String() string {
	if n.r == nil {
		return strconv.FormatInt(n.i, 10)
	}
	digits, exact := n.r.FloatPrec()
	if !exact {
		digits += 20
	}
	return n.r.FloatString(digits)
}
