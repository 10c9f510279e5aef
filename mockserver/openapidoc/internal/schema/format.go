package schema

import (
	"encoding/base64"
	"math"
	"math/big"
	"regexp"
	"strings"
	"time"
)

// ranges are the formats of integers.
var ranges = map[string][2]*big.Rat{
	"int8": span(math.MinInt8, math.MaxInt8), "uint8": span(0, math.MaxUint8),
	"int16": span(math.MinInt16, math.MaxInt16), "uint16": span(0, math.MaxUint16),
	"int32": span(math.MinInt32, math.MaxInt32), "uint32": span(0, math.MaxUint32),
	"int64": span(math.MinInt64, math.MaxInt64), "uint64": {new(big.Rat), new(big.Rat).SetUint64(math.MaxUint64)},
}

func span(low, high int64) [2]*big.Rat {
	return [2]*big.Rat{new(big.Rat).SetInt64(low), new(big.Rat).SetInt64(high)}
}

// FormatRange returns the numbers that a format such as int32 leaves.
func FormatRange(format string) (low, high Num, ok bool) {
	r, ok := ranges[format]
	if !ok {
		return Num{}, Num{}, false
	}
	return NumOf(r[0]), NumOf(r[1]), true
}

var (
	uuid     = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
	zoneless = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?$`)
)

// fitsFormat reports whether a string has a format. Checked are those that a typed
// server parses: the others say what a value means rather than what it may be. A
// date-time may lack its zone, as those of the ERP do.
func fitsFormat(format, text string) bool {
	switch format {
	case "date":
		_, err := time.Parse(time.DateOnly, text)
		return err == nil
	case "date-time":
		if zoneless.MatchString(text) {
			text += "Z"
		}
		_, err := time.Parse(time.RFC3339Nano, strings.ToUpper(text))
		return err == nil
	case "uuid", "guid":
		return uuid.MatchString(text)
	case "byte":
		_, err := base64.StdEncoding.DecodeString(text)
		return err == nil
	}
	return true
}
