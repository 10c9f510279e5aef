package erp

import (
	"math/big"
	"math/bits"
	"strconv"
	"strings"

	"github.com/vismanet-go/background/openapi"
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

// micros is d in millionths; false if it is finer, or too large.
func micros(d openapi.Decimal) (int64, bool) {
	whole, fraction, _ := strings.Cut(d.String(), ".")
	if fraction = strings.TrimRight(fraction, "0"); len(fraction) > 6 || len(whole) > 10 {
		return 0, false
	}
	var buf [32]byte
	digits := append(append(buf[:0], whole...), fraction...)
	n, err := strconv.ParseInt(string(append(digits, "000000"[len(fraction):]...)), 10, 64)
	return n, err == nil
}

// exact is d as a fraction.
func exact(d openapi.Decimal) *big.Rat {
	if n, ok := micros(d); ok {
		return big.NewRat(n, micro)
	}
	return d.Rat()
}

// sign is -1, 0 or 1.
func sign(d openapi.Decimal) int {
	if n, ok := micros(d); ok {
		return big.NewInt(n).Sign()
	}
	return d.Rat().Sign()
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

// kroner is a with the decimals that it needs, at most two.
func (a ore) kroner() openapi.Decimal {
	var buf [24]byte
	n := magnitude(int64(a))
	text := buf[:0]
	if a < 0 {
		text = append(text, '-')
	}
	text = strconv.AppendUint(text, n/100, 10)
	if cents := byte(n % 100); cents != 0 {
		text = append(text, '.', '0'+cents/10)
		if cents%10 != 0 {
			text = append(text, '0'+cents%10)
		}
	}
	return openapi.Decimal(text)
}

// times multiplies with a rate, such as an exchange rate.
func (a ore) times(rate openapi.Decimal) (ore, bool) {
	if m, ok := micros(rate); ok {
		return quotient(int64(a), m, micro)
	}
	return round(new(big.Rat).Mul(a.rat(), exact(rate)))
}

// percent is p percent of a.
func (a ore) percent(p openapi.Decimal) (ore, bool) {
	if m, ok := micros(p); ok {
		return quotient(int64(a), m, 100*micro)
	}
	return round(new(big.Rat).Mul(a.rat(), new(big.Rat).Quo(exact(p), big.NewRat(100, 1))))
}

// product is a times b, in kroner.
func product(a, b openapi.Decimal) (ore, bool) {
	m, ok1 := micros(a)
	n, ok2 := micros(b)
	if ok1 && ok2 {
		return quotient(m, n, micro*micro/100)
	}
	return round(new(big.Rat).Mul(exact(a), exact(b)))
}

// amount is d kroner.
func amount(d openapi.Decimal) (ore, bool) { return product(d, "1") }

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
