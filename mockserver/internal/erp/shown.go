package erp

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/vismanet-go/background/openapi"
)

// shown is a document as the configuration has it shown. Documents are kept in
// one form whatever that is, so that a queue can be read with another one.
func (e *ERP) shown(doc openapi.CustomerInvoice) openapi.CustomerInvoice {
	if doc.DocumentType == creditNoteType {
		doc.DocumentType = e.cfg.CreditNoteType
	}
	if !e.cfg.LineTypeCodes && !e.cfg.SwapCurrencies {
		return doc
	}
	doc.InvoiceLines = slices.Clone(doc.InvoiceLines) // the others are still read
	for i := range doc.InvoiceLines {
		l := &doc.InvoiceLines[i]
		if e.cfg.LineTypeCodes {
			l.LineType = lineTypeCode(l.LineType)
		}
		if e.cfg.SwapCurrencies {
			swapTwins(l)
		}
	}
	if e.cfg.SwapCurrencies {
		swapTwins(&doc)
	}
	return doc
}

// lineTypeCode is the code of a type: goods from the inventory or not.
func lineTypeCode(word string) string {
	if word == "GoodsForSales" {
		return "GI"
	}
	return "GN"
}

// swapTwins exchanges each field of a struct that is also there "in currency"
// with that twin.
func swapTwins(p any) {
	v := reflect.ValueOf(p).Elem()
	for i := range v.NumField() {
		name, ok := strings.CutSuffix(v.Type().Field(i).Name, "InCurrency")
		plain := v.FieldByName(name)
		if !ok || !plain.IsValid() {
			continue
		}
		was := plain.String()
		plain.SetString(v.Field(i).String())
		v.Field(i).SetString(was)
	}
}

// meant leaves out of a JSON text what is taken for left out: every wrapper
// without a value, and every {"value":null} if the configuration has it so.
// What is not JSON is for others to refuse.
func (e *ERP) meant(data []byte) []byte {
	if !e.cfg.NullKeeps && !emptyObject.Match(data) {
		return data
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if d.Decode(&v) != nil || d.More() {
		return data
	}
	dropUnset(v, e.cfg.NullKeeps)
	out, err := json.Marshal(v)
	if err != nil {
		return data
	}
	return out
}

var emptyObject = regexp.MustCompile(`\{\s*\}`)

func dropUnset(v any, nulls bool) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			dropUnset(item, nulls)
		}
	case map[string]any:
		for name, field := range v {
			wrapped, ok := field.(map[string]any)
			inner, there := wrapped["value"]
			if ok && (len(wrapped) == 0 || nulls && there && inner == nil && len(wrapped) == 1) {
				delete(v, name)
				continue
			}
			dropUnset(field, nulls)
		}
	}
}
