package erp

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"
)

// Money is counted in øre, as whole numbers, so that sums are exact. Prices,
// quantities and rates may be finer; they are multiplied as fractions and
// rounded once.
type ore int64

// maxOre keeps every sum of a document within an int64 and within what a JSON
// number holds exactly.
const maxOre = 1 << 53

// micro is how many of the units in which most numbers are whole make one.
const micro = 1_000_000

// micros is the decimal number that f was written as, in millionths; false if
// it is finer, or too large.
func micros(f float64) (int64, bool) {
	// No two decimals of 15 digits are the same float64, so that this one is it.
	n := math.Round(f * micro)
	return int64(n), math.Abs(n) < 1e15 && n/micro == f
}

// exact is the decimal number that f was written as.
func exact(f float64) *big.Rat {
	if n, ok := micros(f); ok {
		return big.NewRat(n, micro)
	}
	r, ok := new(big.Rat).SetString(strconv.FormatFloat(f, 'f', -1, 64))
	if !ok {
		return new(big.Rat) // not a number: JSON has none
	}
	return r
}

// round turns kroner into øre, halves away from zero.
func round(kroner *big.Rat) (ore, bool) {
	scaled := new(big.Rat).Mul(kroner, big.NewRat(100, 1))
	// (2·num ± den) / (2·den), truncated, is num/den rounded.
	num := new(big.Int).Lsh(scaled.Num(), 1)
	if scaled.Sign() < 0 {
		num.Sub(num, scaled.Denom())
	} else {
		num.Add(num, scaled.Denom())
	}
	n := num.Quo(num, new(big.Int).Lsh(scaled.Denom(), 1))
	if n.CmpAbs(big.NewInt(maxOre)) > 0 {
		return 0, false
	}
	return ore(n.Int64()), true
}

// rat is a in kroner.
func (a ore) rat() *big.Rat { return big.NewRat(int64(a), 100) }

// kroner is a as a JSON number; its shortest form has at most two decimals.
func (a ore) kroner() float64 { return float64(a) / 100 }

// times multiplies with a rate, such as an exchange rate.
func (a ore) times(rate float64) (ore, bool) {
	if m, ok := micros(rate); ok {
		return quotient(int64(a), m, micro)
	}
	return round(new(big.Rat).Mul(a.rat(), exact(rate)))
}

// percent is p percent of a.
func (a ore) percent(p float64) (ore, bool) {
	if m, ok := micros(p); ok {
		return quotient(int64(a), m, 100*micro)
	}
	return round(new(big.Rat).Mul(a.rat(), new(big.Rat).Quo(exact(p), big.NewRat(100, 1))))
}

// product is a times b, in kroner.
func product(a, b float64) (ore, bool) {
	m, ok1 := micros(a)
	n, ok2 := micros(b)
	if ok1 && ok2 {
		return quotient(m, n, micro*micro/100)
	}
	return round(new(big.Rat).Mul(exact(a), exact(b)))
}

// amount is f kroner.
func amount(f float64) (ore, bool) { return product(f, 1) }

// quotient is a·b/by, rounded as round does it, without a fraction: by is even
// and above 0.
func quotient(a, b int64, by uint64) (ore, bool) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	lo, carry := bits.Add64(lo, by/2, 0)
	if hi += carry; hi >= by {
		return 0, false
	}
	n, _ := bits.Div64(hi, lo, by)
	if n > maxOre {
		return 0, false
	}
	if a < 0 != (b < 0) {
		return -ore(n), true
	}
	return ore(n), true
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}
