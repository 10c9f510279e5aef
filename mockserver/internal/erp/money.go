package erp

import (
	"math"
	"math/big"
	"strconv"
)

// Money is counted in øre, as whole numbers, so that sums are exact. Prices,
// quantities and rates may be finer; they are multiplied as fractions and
// rounded once.
type ore int64

// maxOre keeps every sum of a document within an int64 and within what a JSON
// number holds exactly.
const maxOre = 1 << 53

// exact is the decimal number that f was written as.
func exact(f float64) *big.Rat {
	// The usual case without a text: no two decimals of 15 digits are the same
	// float64, so that this one is it.
	const scale = 1_000_000
	if n := math.Round(f * scale); math.Abs(n) < 1e15 && n/scale == f {
		return big.NewRat(int64(n), scale)
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
func (a ore) times(rate float64) (ore, bool) { return round(new(big.Rat).Mul(a.rat(), exact(rate))) }

// percent is p percent of a.
func (a ore) percent(p float64) (ore, bool) {
	return round(new(big.Rat).Mul(a.rat(), new(big.Rat).Quo(exact(p), big.NewRat(100, 1))))
}
