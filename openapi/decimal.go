package openapi

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Decimal is a number of the ERP, an amount of money above all, as the digits
// that were read, without a binary fraction in between. The empty Decimal is 0;
// null reads as it.
//
// As JSON it is a number without an exponent, whatever it was read from. Two
// Decimals that mean the same number may differ as strings ("1.5", "1.50"):
// compare with [Decimal.Cmp]. It has no arithmetic; [Decimal.Rat] is exact, and
// decimal packages read [Decimal.String].
type Decimal string

// maxDigits bounds what an exponent may stand for: every float64, and far more
// than the 29 digits of the ERP's decimals.
const maxDigits = 400

// ParseDecimal reads a JSON number: digits, optionally with a sign, a fraction
// and an exponent, which is written out.
func ParseDecimal(s string) (Decimal, error) {
	plain, err := plainDigits(s)
	if err != nil {
		return "", err
	}
	return Decimal(plain), nil
}

// DecimalOf returns the shortest digits that mean f, so that 0.1 gives "0.1".
// What float64 arithmetic has added to f is kept: 0.1 + 0.2, of variables,
// gives "0.30000000000000004". It is an error if f is infinite or not a number.
func DecimalOf(f float64) (Decimal, error) {
	text, err := floatDigits(f)
	return Decimal(text), err
}

// String returns the digits, "0" for the empty Decimal.
func (d Decimal) String() string {
	if d == "" {
		return "0"
	}
	return string(d)
}

// Float64 returns the nearest float64: exact up to 15 digits. It is NaN if d
// holds no number.
func (d Decimal) Float64() float64 {
	f, err := strconv.ParseFloat(d.String(), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return math.NaN()
	}
	return f
}

// Rat returns the exact value, 0 if d holds no number.
func (d Decimal) Rat() *big.Rat {
	plain, err := plainDigits(d.String())
	r := new(big.Rat)
	if err == nil {
		r.SetString(plain)
	}
	return r
}

// Cmp compares the values: -1 if d is less than e, 0 if they are equal, +1 if
// it is greater. What holds no number counts as 0.
func (d Decimal) Cmp(e Decimal) int {
	if d == e {
		return 0
	}
	return d.Rat().Cmp(e.Rat())
}

// MarshalJSON writes a JSON number without an exponent.
func (d Decimal) MarshalJSON() ([]byte, error) {
	plain, err := plainDigits(d.String())
	return []byte(plain), err
}

// UnmarshalJSON reads a JSON number or null.
func (d *Decimal) UnmarshalJSON(data []byte) error {
	if bytes.Equal(data, []byte("null")) {
		*d = ""
		return nil
	}
	if bytes.HasPrefix(data, []byte{'"'}) {
		return fmt.Errorf("number %.40s: want it without quotes", data)
	}
	plain, err := plainDigits(string(data))
	if err != nil {
		return err
	}
	*d = Decimal(plain)
	return nil
}

// floatDigits writes a float64 without an exponent.
func floatDigits(f float64) (string, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "", fmt.Errorf("number %v: JSON has no such number, want a finite one", f)
	}
	if f == 0 {
		return "0", nil // without the sign of a negative zero
	}
	return strconv.FormatFloat(f, 'f', -1, 64), nil
}

// plainDigits checks a JSON number and writes its exponent out. A zero loses
// its sign.
func plainDigits(s string) (string, error) {
	unsigned, negative := strings.CutPrefix(s, "-")
	mantissa, exponent := unsigned, 0
	if i := strings.IndexAny(unsigned, "eE"); i >= 0 {
		var err error
		if mantissa = unsigned[:i]; unsigned[i+1:] == "" {
			return "", wantNumber(s)
		}
		if exponent, err = strconv.Atoi(unsigned[i+1:]); err != nil && !errors.Is(err, strconv.ErrRange) {
			return "", wantNumber(s)
		}
	}
	whole, fraction, pointed := strings.Cut(mantissa, ".")
	if !areDigits(whole) || len(whole) > 1 && whole[0] == '0' || pointed && !areDigits(fraction) {
		return "", wantNumber(s)
	}
	zero := strings.Trim(whole+fraction, "0") == ""
	if exponent != 0 {
		if zero {
			exponent = 0
		}
		if exponent < -maxDigits || exponent > maxDigits {
			return "", fmt.Errorf("number %.40q: its exponent is beyond %d", s, maxDigits)
		}
		whole, fraction = shift(whole, fraction, exponent)
	}
	if negative && !zero {
		whole = "-" + whole
	}
	if fraction != "" {
		return whole + "." + fraction, nil
	}
	return whole, nil
}

// shift moves the point by n digits to the right.
func shift(whole, fraction string, n int) (newWhole, newFraction string) {
	if n >= 0 {
		fraction += strings.Repeat("0", max(n-len(fraction), 0))
		whole, fraction = whole+fraction[:n], fraction[n:]
	} else {
		whole = strings.Repeat("0", max(-n-len(whole)+1, 0)) + whole
		at := len(whole) + n
		whole, fraction = whole[:at], whole[at:]+fraction
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	return whole, fraction
}

func areDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func wantNumber(s string) error {
	return fmt.Errorf("number %.40q: want digits such as -1250.50", s)
}
