package erp

import (
	"math"
	"math/big"
	"strconv"
	"testing"

	"github.com/vismanet-go/background/openapi"
)

func TestRoundingIsExactAndAwayFromZero(t *testing.T) {
	for text, want := range map[string]ore{
		"0": 0, "1": 100, "0.005": 1, "-0.005": -1, "0.0049999": 0, "-0.0049999": 0,
		"1.005": 101, "2.675": 268, "-2.675": -268, "0.1": 10, "1234567890.125": 123456789013,
	} {
		r, _ := new(big.Rat).SetString(text)
		if got, ok := round(r); !ok || got != want {
			t.Errorf("round(%s) = %d %v, want %d", text, got, ok, want)
		}
	}
	if _, ok := round(exact(decimal(1e300))); ok {
		t.Error("1e300 kroner fit")
	}
}

func TestADecimalIsExactlyWhatItsDigitsSay(t *testing.T) {
	for d, want := range map[openapi.Decimal]string{
		"": "0", "0.1": "1/10", "87.330": "8733/100", "1000000000000000000000": "1000000000000000000000", "0.0000005": "1/2000000",
		"12345678901234567.89": "1234567890123456789/100", "-0.50": "-1/2",
	} {
		if got := exact(d).RatString(); got != want {
			t.Errorf("exact(%s) = %s, want %s", d, got, want)
		}
	}
	if exact("NaN").Sign() != 0 {
		t.Error("what is not a number counts")
	}
}

func TestKronerHaveTheDecimalsTheyNeed(t *testing.T) {
	for a, want := range map[ore]openapi.Decimal{0: "0", 5: "0.05", -5: "-0.05", 50: "0.5", 100: "1", 125000: "1250", -8733: "-87.33", maxOre: "90071992547409.92"} {
		if got := a.kroner(); got != want {
			t.Errorf("%d øre: got %s, want %s", a, got, want)
		}
	}
}

func FuzzExact(f *testing.F) {
	f.Add(0.1)
	f.Add(-87.33)
	f.Add(1e21)
	f.Fuzz(func(t *testing.T, v float64) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return
		}
		want, _ := new(big.Rat).SetString(strconv.FormatFloat(v, 'f', -1, 64))
		d := decimal(v)
		if got := exact(d); got.Cmp(want) != 0 || sign(d) != want.Sign() {
			t.Errorf("exact(%v) = %s, sign %d, want %s", v, got, sign(d), want)
		}
	})
}

// decimal is a number as it is written.
func decimal(f float64) openapi.Decimal {
	d, err := openapi.DecimalOf(f)
	if err != nil {
		return "NaN"
	}
	return d
}

func line(quantity, price, discount float64, vat string) openapi.CustomerInvoiceLine {
	return openapi.CustomerInvoiceLine{
		Quantity: decimal(quantity), UnitPriceInCurrency: decimal(price), DiscountPercent: decimal(discount),
		VATCode: openapi.CodeDescription{ID: vat},
	}
}

func TestTotals(t *testing.T) {
	tests := []struct {
		name                                string
		rate                                float64
		lines                               []openapi.CustomerInvoiceLine
		detail, vat, exempt, amount, inComp float64
	}{
		{"one line", 1, []openapi.CustomerInvoiceLine{line(2, 500, 0, "3")}, 1000, 250, 0, 1250, 1250},
		// In binary floating point 3 × 0.1 is 0.30000000000000004.
		{"tenths", 1, []openapi.CustomerInvoiceLine{line(3, 0.1, 0, "5")}, 0.3, 0, 0.3, 0.3, 0.3},
		// 1.005 is below 1.005 as a binary number, and would round down.
		{"half an øre", 1, []openapi.CustomerInvoiceLine{line(1, 1.005, 0, "5")}, 1.01, 0, 1.01, 1.01, 1.01},
		// VAT is taken of the sum per code, not of each line: 3 × 0.02 at 25 %.
		{"VAT of the sum", 1, []openapi.CustomerInvoiceLine{
			line(1, 0.02, 0, "3"), line(1, 0.02, 0, "3"), line(1, 0.02, 0, "3"),
		}, 0.06, 0.02, 0, 0.08, 0.08},
		{"all codes", 1, []openapi.CustomerInvoiceLine{
			line(1, 100, 0, "3"), line(1, 100, 0, "31"), line(1, 100, 0, "33"), line(1, 100, 0, "5"),
		}, 400, 52, 100, 452, 452},
		{"discount", 1, []openapi.CustomerInvoiceLine{line(3, 33.33, 12.5, "3")}, 87.49, 21.87, 0, 109.36, 109.36},
		{"currency", 11.4375, []openapi.CustomerInvoiceLine{line(1, 99.99, 0, "3")}, 99.99, 25, 0, 124.99, 1429.58},
		{"negative", 1, []openapi.CustomerInvoiceLine{line(-1, 10.01, 0, "3")}, -10.01, -2.5, 0, -12.51, -12.51},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := &openapi.CustomerInvoice{ExchangeRate: decimal(tt.rate), InvoiceLines: tt.lines}
			if f := calculate(doc); f != nil {
				t.Fatal(f)
			}
			for name, pair := range map[string][2]openapi.Decimal{
				"detail":  {doc.DetailTotalInCurrency, decimal(tt.detail)},
				"vat":     {doc.VATTotalInCurrency, decimal(tt.vat)},
				"exempt":  {doc.VATExemptTotalInCurrency, decimal(tt.exempt)},
				"amount":  {doc.AmountInCurrency, decimal(tt.amount)},
				"company": {doc.Amount, decimal(tt.inComp)},
				"balance": {doc.Balance, decimal(tt.inComp)},
			} {
				if pair[0] != pair[1] {
					t.Errorf("%s: got %v, want %v", name, pair[0], pair[1])
				}
			}
		})
	}
}

func TestSumsOfManyLinesDoNotDrift(t *testing.T) {
	doc := &openapi.CustomerInvoice{ExchangeRate: "1"}
	for range 1000 {
		doc.InvoiceLines = append(doc.InvoiceLines, line(1, 0.1, 0, "5"), line(1, 0.2, 0, "5"))
	}
	if f := calculate(doc); f != nil || doc.Amount != "300" {
		t.Errorf("got %v, %v; want 300", doc.Amount, f)
	}
}

func TestTooLargeAmountsAreRefused(t *testing.T) {
	for _, l := range []openapi.CustomerInvoiceLine{
		line(1e200, 1e200, 0, "3"), line(1e15, 1, 0, "3"), line(9e13, 1, 0, "3"),
	} {
		doc := &openapi.CustomerInvoice{ExchangeRate: "50", InvoiceLines: []openapi.CustomerInvoiceLine{l, l}}
		if f := calculate(doc); f == nil || f.status != 400 {
			t.Errorf("%v × %v: %v", l.Quantity, l.UnitPriceInCurrency, f)
		}
	}
}

func FuzzRound(f *testing.F) {
	f.Add(int64(1), int64(200))
	f.Add(int64(-2675), int64(1000))
	f.Fuzz(func(t *testing.T, num, den int64) {
		if den == 0 || den == math.MinInt64 {
			return
		}
		kroner := big.NewRat(num, den)
		got, ok := round(kroner)
		if !ok {
			return
		}
		// Nothing nearer exists: the distance is at most half an øre.
		diff := new(big.Rat).Sub(got.rat(), kroner)
		if diff.Abs(diff).Cmp(big.NewRat(1, 200)) > 0 {
			t.Errorf("round(%s) = %d", kroner, got)
		}
	})
}

// What is computed without fractions is what fractions give.
func FuzzProducts(f *testing.F) {
	for _, pair := range [][2]float64{{3, 0.1}, {33.33, -12.5}, {1.005, 1}, {-0.005, 1}, {1e9, 9e5}, {1e13, 1e13}, {5e-7, 2}, {0, -1}} {
		f.Add(pair[0], pair[1], int64(pair[0]*100))
	}
	f.Add(1.0, 1.0, int64(math.MinInt64))
	f.Fuzz(func(t *testing.T, x, y float64, n int64) {
		a, b := decimal(x), decimal(y)
		check := func(name string, got ore, ok bool, want *big.Rat) {
			if w, wok := round(want); got != w || ok != wok {
				t.Errorf("%s of %v, %v, %d: got %d %v, want %d %v", name, a, b, n, got, ok, w, wok)
			}
		}
		got, ok := product(a, b)
		check("product", got, ok, new(big.Rat).Mul(exact(a), exact(b)))
		got, ok = amount(a)
		check("amount", got, ok, exact(a))
		got, ok = ore(n).times(b)
		check("times", got, ok, new(big.Rat).Mul(ore(n).rat(), exact(b)))
		got, ok = ore(n).percent(b)
		check("percent", got, ok, new(big.Rat).Mul(ore(n).rat(), new(big.Rat).Quo(exact(b), big.NewRat(100, 1))))
	})
}
