package openapi_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/vismanet-go/background/openapi"
)

func TestADecimalKeepsItsDigitsAndWritesNoExponent(t *testing.T) {
	tests := []struct{ in, want string }{
		{"0", "0"},
		{"-0", "0"},
		{"-0.00", "0.00"},
		{"1250.00", "1250.00"},
		{"-1250.5", "-1250.5"},
		{"0.1", "0.1"},
		{"12345678901234567890.123456789", "12345678901234567890.123456789"},
		{"1e21", "1000000000000000000000"},
		{"1E+3", "1000"},
		{"1e-7", "0.0000001"},
		{"-1.25e-2", "-0.0125"},
		{"12.345e1", "123.45"},
		{"12.345e5", "1234500"},
		{"123e-3", "0.123"},
		{"1234.5e-2", "12.345"},
		{"0e999999999999999999999", "0"},
		{"0.00e5", "0.00"},
		{"1.7976931348623157e308", "17976931348623157" + strings.Repeat("0", 292)},
		{"5e-324", "0." + strings.Repeat("0", 323) + "5"},
	}
	for _, tt := range tests {
		var d openapi.Decimal
		if err := json.Unmarshal([]byte(tt.in), &d); err != nil {
			t.Errorf("%s: %v", tt.in, err)
			continue
		}
		out, err := json.Marshal(d)
		if err != nil || string(out) != tt.want {
			t.Errorf("%s: got %s, %v, want %s", tt.in, out, err, tt.want)
		}
		want, _ := new(big.Rat).SetString(tt.want)
		if d.Rat().Cmp(want) != 0 {
			t.Errorf("%s: got the value %s, want %s", tt.in, d.Rat(), want)
		}
	}
}

func TestADecimalRefusesWhatIsNoNumber(t *testing.T) {
	for _, in := range []string{"", "NaN", "Infinity", "-", ".5", "5.", "01", "1e", "1e+", "e5", "0x10", "1_000", "1,5", " 1", "1e401", "1e-401", "--1", "+1"} {
		if d, err := openapi.ParseDecimal(in); err == nil {
			t.Errorf("%q: got %q, want an error", in, d)
		}
		if in == "" {
			continue // the zero value
		}
		if out, err := json.Marshal(openapi.Decimal(in)); err == nil {
			t.Errorf("%q: written as %s, want an error", in, out)
		}
	}
	if f := openapi.Decimal("ten").Float64(); !math.IsNaN(f) {
		t.Errorf("ten: got %v, want NaN", f)
	}
	var d openapi.Decimal
	for _, in := range []string{`"1.5"`, `true`, `{}`, `[1]`} {
		if err := json.Unmarshal([]byte(in), &d); err == nil {
			t.Errorf("%s: got %q, want an error", in, d)
		} else if strings.HasPrefix(in, `"`) != strings.Contains(err.Error(), "without quotes") {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func TestDecimalOfAFloatIsItsShortestDigits(t *testing.T) {
	tenth, fifth := 0.1, 0.2
	for f, want := range map[float64]openapi.Decimal{
		0.1: "0.1", 1e21: "1000000000000000000000", 1e-7: "0.0000001", 2: "2", -349.9: "-349.9", math.Copysign(0, -1): "0",
		tenth + fifth: "0.30000000000000004", 12345678901234.56: "12345678901234.56",
	} {
		got, err := openapi.DecimalOf(f)
		if err != nil || got != want || got.Float64() != f {
			t.Errorf("%v: got %s (%v), %v, want %s", f, got, got.Float64(), err, want)
		}
	}
	for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if d, err := openapi.DecimalOf(f); err == nil {
			t.Errorf("%v: got %s, want an error", f, d)
		}
	}
}

func TestDecimalsAreComparedByTheirValue(t *testing.T) {
	for _, tt := range []struct {
		a, b openapi.Decimal
		want int
	}{{"1.5", "1.50", 0}, {"", "0.00", 0}, {"-1", "1", -1}, {"0.1000000000000000001", "0.1", 1}} {
		if got := tt.a.Cmp(tt.b); got != tt.want {
			t.Errorf("%s against %s: got %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestAWrappedNumberHasNoExponentAndKeepsItsDigits(t *testing.T) {
	for name, tt := range map[string]struct {
		in   any
		want string
	}{
		"large":             {openapi.Set(1e21), `{"value":1000000000000000000000}`},
		"small":             {openapi.Set(1e-7), `{"value":0.0000001}`},
		"by value":          {*openapi.Set(1e-7), `{"value":0.0000001}`},
		"negative zero":     {openapi.Set(math.Copysign(0, -1)), `{"value":0}`},
		"whole":             {openapi.Set(2.0), `{"value":2}`},
		"digits":            {openapi.SetDecimal("1234567890123456789.50"), `{"value":1234567890123456789.50}`},
		"digits, exponent":  {openapi.SetDecimal("1e-7"), `{"value":0.0000001}`},
		"beyond a float64":  {openapi.SetDecimal("1e309"), `{"value":1` + strings.Repeat("0", 309) + `}`},
		"none":              {openapi.Null[float64](), `{"value":null}`},
		"decimal":           {openapi.Set(openapi.Decimal("1.50")), `{"value":1.50}`},
		"in a line":         {openapi.CustomerInvoiceUpdateLine{Quantity: openapi.Set(1e21)}, `{"quantity":{"value":1000000000000000000000}}`},
		"empty is zero":     {openapi.SetDecimal(""), `{"value":0}`},
		"a text as it was":  {openapi.Set("1e21"), `{"value":"1e21"}`},
		"a whole number":    {openapi.Set(7), `{"value":7}`},
		"an address inside": {openapi.Set(openapi.AddressUpdate{City: openapi.Set("Bergen")}), `{"value":{"city":{"value":"Bergen"}}}`},
	} {
		got, err := json.Marshal(tt.in)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: got %s, %v, want %s", name, got, err, tt.want)
		}
	}
	for _, v := range []*openapi.NumberValue{openapi.Set(math.NaN()), openapi.Set(math.Inf(-1)), openapi.SetDecimal("ten"), openapi.SetDecimal("NaN")} {
		got, err := json.Marshal(openapi.CustomerInvoiceUpdate{InvoiceLines: []openapi.CustomerInvoiceUpdateLine{{}, {Quantity: v}}})
		if err == nil || !strings.Contains(err.Error(), "invoiceLines[1].quantity") {
			t.Errorf("got %s, %v, want an error that names invoiceLines[1].quantity", got, err)
		}
	}
	for path, u := range map[string]openapi.CustomerInvoiceUpdate{
		"exchangeRate":                         {ExchangeRate: openapi.Set(math.NaN())},
		"taxDetailLines[0].vatAmount":          {TaxDetailLines: []openapi.TaxDetailUpdate{{VATAmount: openapi.Set(math.Inf(1))}}},
		"rotRutDetails.distribution[0].amount": {RotRutDetails: openapi.RotRutUpdate{Distribution: []openapi.RotRutDistributionUpdate{{Amount: openapi.SetDecimal("x")}}}},
	} {
		if got, err := json.Marshal(u); err == nil || !strings.Contains(err.Error(), path+": ") {
			t.Errorf("got %s, %v, want an error that names %s", got, err, path)
		}
	}
}

// The digits are those of the number that Value points to, or they are gone.
func TestDigitsFollowTheValue(t *testing.T) {
	var v openapi.NumberValue
	if err := json.Unmarshal([]byte(`{"value":1234567890123456789.50}`), &v); err != nil {
		t.Fatal(err)
	}
	if f, ok := v.Get(); !ok || f != 1234567890123456789.50 {
		t.Errorf("got %v, %v", f, ok)
	}
	if d, ok := openapi.GetDecimal(&v); !ok || d != "1234567890123456789.50" {
		t.Errorf("got %s, %v", d, ok)
	}
	*v.Value = 2.5
	if d, ok := openapi.GetDecimal(&v); !ok || d != "2.5" {
		t.Errorf("changed: got %s, %v, want 2.5", d, ok)
	}
	v.Value = nil
	if d, ok := openapi.GetDecimal(&v); ok || d != "" {
		t.Errorf("cleared: got %s, %v", d, ok)
	}
	if d, ok := openapi.GetDecimal(nil); ok || d != "" {
		t.Errorf("left out: got %s, %v", d, ok)
	}
	var plain openapi.NumberValue
	if err := json.Unmarshal([]byte(`{"value":2.5}`), &plain); err != nil || !reflect.DeepEqual(&plain, openapi.Set(2.5)) {
		t.Errorf("got %+v, %v, want what Set makes", plain, err)
	}
}

// Whatever number is read into any field of a document comes out with the same
// value, and without an exponent.
func TestEveryNumberOfAnInvoiceKeepsItsDigits(t *testing.T) {
	const digits = "12345678901234567.0123456789"
	var doc map[string]json.RawMessage
	all, err := json.Marshal(openapi.CustomerInvoice{})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(all, &doc); err != nil {
		t.Fatal(err)
	}
	numbers := 0
	decimal := reflect.TypeFor[openapi.Decimal]()
	kind := reflect.TypeFor[openapi.CustomerInvoice]()
	for i := range kind.NumField() {
		if kind.Field(i).Type == decimal {
			name, _, _ := strings.Cut(kind.Field(i).Tag.Get("json"), ",")
			doc[name] = json.RawMessage(digits)
			numbers++
		}
	}
	in, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	var inv openapi.CustomerInvoice
	if err := json.Unmarshal(in, &inv); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(inv)
	if got := strings.Count(string(out), ":"+digits); err != nil || got != numbers || numbers < 18 {
		t.Errorf("got %d of %d numbers, %v: %s", got, numbers, err, out)
	}
}

func FuzzDecimal(f *testing.F) {
	for _, s := range []string{"0", "-0.0", "1e21", "1e-7", "123.456e-2", "9999999999999999999999", "1e400", "0.1e1", "00", "1.", "-", "1e99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := openapi.ParseDecimal(s)
		_, syntax := strconv.ParseFloat(s, 64)
		if err != nil {
			if json.Valid([]byte(s)) && !errors.Is(syntax, strconv.ErrSyntax) && len(s) < 10 && !strings.ContainsAny(s, "eE") && strings.TrimSpace(s) == s {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		if !json.Valid([]byte(s)) || strings.ContainsAny(string(d), "eE") || !json.Valid([]byte(d)) {
			t.Fatalf("%q: got %q", s, d)
		}
		want, ok := new(big.Rat).SetString(s)
		if !ok && !strings.ContainsAny(s, "eE") || ok && d.Rat().Cmp(want) != 0 {
			t.Fatalf("%q: got %s, want %s", s, d.Rat(), want)
		}
		again, err := openapi.ParseDecimal(string(d))
		if err != nil || again != d {
			t.Fatalf("%q: %q became %q, %v", s, d, again, err)
		}
		var v openapi.NumberValue
		if err := json.Unmarshal([]byte(`{"value":`+s+`}`), &v); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		out, err := json.Marshal(v)
		if err != nil || string(out) != `{"value":`+string(d)+`}` {
			t.Fatalf("%q: wrapped %s, %v, want %s", s, out, err, d)
		}
	})
}

func FuzzFloatsAreWrittenWithoutExponents(f *testing.F) {
	for _, v := range []float64{0, 1e21, 1e-7, -349.9, math.MaxFloat64, math.SmallestNonzeroFloat64} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v float64) {
		out, err := json.Marshal(openapi.Set(v))
		if err != nil {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				t.Fatal(err)
			}
			return
		}
		digits := strings.TrimSuffix(strings.TrimPrefix(string(out), `{"value":`), "}")
		if got, err := strconv.ParseFloat(digits, 64); err != nil || got != v || strings.ContainsAny(digits, "eE") {
			t.Fatalf("%v: written %s", v, out)
		}
	})
}
