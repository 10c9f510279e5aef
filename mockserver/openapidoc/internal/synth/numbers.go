package synth

import (
	"encoding/json"
	"math"
	"math/big"
	"strconv"

	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

// numbers is what a shape says of numbers: those that are a whole number of times
// step, from first to last times.
type numbers struct {
	step        *big.Rat
	first, last *big.Int // nil: no bound
	whole       bool     // step is 1, and what is chosen from fits small
	loose       bool     // fractions of step are valid as well
	cents       bool     // step is a hundredth that nobody asks for, small as for whole
	small, n    int64    // chosen are n numbers from small
	fail        *Reason
}

func (sh *shape) numbers() *numbers {
	sh.numberOnce.Do(func() { sh.number = sh.numeric() })
	return &sh.number
}

// numeric merges what the members say of numbers.
func (sh *shape) numeric() numbers {
	var low, high, step *big.Rat
	var over, under bool // without low, without high
	at := sh.pointer()
	var n numbers
	raise := func(to *big.Rat, without bool) {
		if low == nil || to.Cmp(low) > 0 || to.Cmp(low) == 0 && without {
			low, over = to, without
		}
	}
	lower := func(to *big.Rat, without bool) {
		if high == nil || to.Cmp(high) < 0 || to.Cmp(high) == 0 && without {
			high, under = to, without
		}
	}
	for _, m := range sh.members {
		if from, to, ok := schema.FormatRange(m.s.Format); ok {
			raise(from.Rat(), false)
			lower(to.Rat(), false)
		}
		k := m.s.Numeric
		if k == nil {
			continue
		}
		at = m.s.Pointer
		if k.Min != nil {
			raise(k.Min.Rat(), k.ExclusiveMin)
		}
		if k.Max != nil {
			lower(k.Max.Rat(), k.ExclusiveMax)
		}
		if k.MultipleOf != nil {
			step = multiple(step, k.MultipleOf.Rat())
		}
	}
	integer := !sh.types.Has(schema.Fraction)
	if integer {
		step = multiple(step, big.NewRat(1, 1))
	}
	if step == nil {
		n.loose = true
		step = quantum(low, high, over, under)
	}
	n.step = step
	if low != nil {
		n.first = ceil(low, step, over)
	}
	if high != nil {
		n.last = floor(high, step, under)
	}
	if n.first != nil && n.last != nil && n.first.Cmp(n.last) > 0 {
		n.fail = reason(at, Unsatisfiable, "no number is within the bounds")
		return n
	}
	n.choose()
	return n
}

// multiple returns the least number that both go into; a may be nil.
func multiple(a, b *big.Rat) *big.Rat {
	if a == nil {
		return b
	}
	// lcm(p/q, r/s) = lcm(p, r) / gcd(q, s) in lowest terms.
	gcd := new(big.Int).GCD(nil, nil, a.Num(), b.Num())
	num := new(big.Int).Mul(a.Num(), new(big.Int).Quo(b.Num(), gcd))
	return new(big.Rat).SetFrac(num, new(big.Int).GCD(nil, nil, a.Denom(), b.Denom()))
}

// quantum returns what numbers are whole times of that need no step: a hundredth,
// or less where the bounds leave no room for it.
func quantum(low, high *big.Rat, over, under bool) *big.Rat {
	step := big.NewRat(1, 100)
	if low == nil || high == nil {
		return step
	}
	for range 350 {
		if ceil(low, step, over).Cmp(floor(high, step, under)) <= 0 {
			return step
		}
		step = new(big.Rat).Quo(step, big.NewRat(10, 1))
	}
	return step
}

func ceil(x, step *big.Rat, without bool) *big.Int {
	q := new(big.Rat).Quo(x, step)
	k := new(big.Int).Div(q.Num(), q.Denom()) // rounds down
	if !q.IsInt() || without {
		k.Add(k, big.NewInt(1))
	}
	return k
}

func floor(x, step *big.Rat, without bool) *big.Int {
	q := new(big.Rat).Quo(x, step)
	k := new(big.Int).Div(q.Num(), q.Denom())
	if q.IsInt() && without {
		k.Sub(k, big.NewInt(1))
	}
	return k
}

// choose finds numbers that look like those of everyday: from 1 to 1000, as far as
// the bounds allow.
func (n *numbers) choose() {
	one, thousand := big.NewRat(1, 1), big.NewRat(1000, 1)
	first, last := ceil(one, n.step, false), floor(thousand, n.step, false)
	span := big.NewInt(1000)
	if last.Cmp(first) < 0 { // a step of more than 1000
		last = new(big.Int).Add(first, span)
	}
	switch {
	case n.first != nil && n.first.Cmp(last) > 0:
		first, last = n.first, new(big.Int).Add(n.first, span)
	case n.last != nil && n.last.Cmp(first) < 0:
		first, last = new(big.Int).Sub(n.last, span), n.last
	}
	if n.first != nil && first.Cmp(n.first) < 0 {
		first = n.first
	}
	if n.last != nil && last.Cmp(n.last) > 0 {
		last = n.last
	}
	n.first, n.last = first, last
	count := new(big.Int).Sub(last, first)
	n.n = math.MaxInt32
	if count.IsInt64() && count.Int64() < math.MaxInt32 {
		n.n = count.Int64() + 1
	}
	n.whole = n.step.IsInt() && n.step.Num().IsInt64() && n.step.Num().Int64() == 1 && first.IsInt64() && last.IsInt64()
	n.cents = n.loose && n.step.Cmp(big.NewRat(1, 100)) == 0 && first.Sign() >= 0 && last.IsInt64()
	if n.whole || n.cents {
		n.small = first.Int64()
	}
}

// num makes a number.
func (g *maker) num(sh *shape, at spot) (any, bool) {
	n := sh.numbers()
	if n.fail != nil {
		g.fail = n.fail
		return nil, false
	}
	if at.wild > 0 && n.loose && n.n > 1 { // a bit more than a multiple
		part := new(big.Rat).Mul(n.step, big.NewRat(int64(at.wild), 1000))
		return json.Number(schema.NumOf(part.Add(part, n.times(0))).String()), true
	}
	k := (int64(at.seed.below(int(n.n))) + int64(at.again)) % n.n
	if n.whole {
		return json.Number(strconv.FormatInt(n.small+k, 10)), true
	}
	if n.cents {
		return json.Number(cents(n.small + k)), true
	}
	value := n.times(k)
	for next := range int64(20) { // that readers with floating point find a multiple as well
		if inFloats(value, n.step) {
			break
		}
		value = n.times((k + next*37) % n.n)
	}
	return json.Number(schema.NumOf(value).String()), true
}

// cents writes a number of hundredths, which is not negative.
func cents(k int64) string {
	b := strconv.AppendInt(make([]byte, 0, 24), k/100, 10)
	switch k % 100 / 10 * 10 {
	case k % 100:
		if k%100 != 0 {
			b = append(b, '.', byte('0'+k%100/10))
		}
	default:
		b = append(b, '.', byte('0'+k%100/10), byte('0'+k%10))
	}
	return string(b)
}

func (n *numbers) times(k int64) *big.Rat {
	count := new(big.Int).Add(n.first, big.NewInt(k))
	return new(big.Rat).Mul(new(big.Rat).SetInt(count), n.step)
}

// inFloats reports whether a number divided by the step is whole in floating point.
func inFloats(value, step *big.Rat) bool {
	v, _ := value.Float64()
	s, _ := step.Float64()
	q := v / s
	return q == math.Trunc(q)
}
