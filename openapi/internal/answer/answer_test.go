package answer_test

import (
	"context"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/vismanet-go/background/openapi/background"
	"github.com/vismanet-go/background/openapi/erp"
)

// reply answers every request with the same.
type reply struct {
	status     int
	kind, body string
}

func (a reply) Do(r *http.Request) (*http.Response, error) {
	h := http.Header{}
	if a.kind != "" {
		h.Set("Content-Type", a.kind)
	}
	return &http.Response{StatusCode: a.status, Header: h, Body: io.NopCloser(strings.NewReader(a.body)), Request: r}, nil
}

// call calls a method ...WithResponse of a client that gets this answer, with
// whatever arguments it takes.
func call(t *testing.T, view, method string, a reply) (reflect.Value, error) {
	t.Helper()
	var api any
	var err error
	if view == "erp" {
		api, err = erp.NewClientWithResponses("https://erp.test", erp.WithHTTPClient(a))
	} else {
		api, err = background.NewClientWithResponses("https://erp.test", background.WithHTTPClient(a))
	}
	if err != nil {
		t.Fatal(err)
	}
	f := reflect.ValueOf(api).MethodByName(method)
	in := make([]reflect.Value, 0, f.Type().NumIn())
	for i := range f.Type().NumIn() - 1 { // the last are editors
		switch kind := f.Type().In(i); {
		case kind == reflect.TypeFor[context.Context]():
			in = append(in, reflect.ValueOf(t.Context()))
		case kind == reflect.TypeFor[io.Reader]():
			in = append(in, reflect.ValueOf(strings.NewReader("{}")))
		case kind == reflect.TypeFor[string]():
			in = append(in, reflect.ValueOf("x"))
		case kind.Kind() == reflect.Pointer:
			in = append(in, reflect.New(kind.Elem()))
		default:
			in = append(in, reflect.Zero(kind))
		}
	}
	out := f.Call(in)
	err, _ = out[1].Interface().(error)
	return out[0], err
}

// eachField calls f for every typed field of every answer of both clients.
func eachField(t *testing.T, f func(t *testing.T, view, method, field string, status int, sample string)) {
	seen := 0
	for view, client := range map[string]reflect.Type{
		"background": reflect.TypeFor[*background.ClientWithResponses](), "erp": reflect.TypeFor[*erp.ClientWithResponses](),
	} {
		for i := range client.NumMethod() {
			m := client.Method(i)
			if !strings.HasSuffix(m.Name, "WithResponse") {
				continue
			}
			answer := m.Type.Out(0).Elem()
			for j := range answer.NumField() {
				code, ok := strings.CutPrefix(answer.Field(j).Name, "JSON")
				if !ok {
					continue
				}
				status, err := strconv.Atoi(code)
				if err != nil {
					t.Fatal(err)
				}
				sample := "{}"
				if kind := answer.Field(j).Type.Elem(); kind.Kind() == reflect.Slice && kind.Elem().Kind() == reflect.Struct {
					sample = "[]"
				}
				seen++
				t.Run(view+" "+m.Name+" "+code, func(t *testing.T) { f(t, view, m.Name, "JSON"+code, status, sample) })
			}
		}
	}
	if seen < 150 {
		t.Errorf("got %d typed fields, want those of both clients", seen)
	}
}

func TestEveryParseFunctionTakesWhatComes(t *testing.T) {
	const page = "<!DOCTYPE html><title>Bad Gateway</title>"
	eachField(t, func(t *testing.T, view, method, field string, status int, sample string) {
		for name, tt := range map[string]struct {
			kind, body string
			there      bool
		}{
			"JSON":                    {"application/json; charset=utf-8", sample, true},
			"JSON in capitals":        {"Application/JSON", sample, true},
			"empty":                   {"application/json", "", false},
			"blank":                   {"application/json", " \r\n", false},
			"null":                    {"application/json", "null", false},
			"a mark alone":            {"application/json", "\ufeff", false},
			"a mark before it":        {"application/json", "\ufeff" + sample, true},
			"no type":                 {"", sample, true},
			"no type and a mark":      {"", "\ufeff" + sample, true},
			"text/plain":              {"text/plain; charset=utf-8", sample, true},
			"text/html that is JSON":  {"text/html", sample, true},
			"octets":                  {"application/octet-stream", sample, true},
			"UTF-16":                  {"application/json; charset=utf-16", "\xff\xfe" + sample[:1] + "\x00" + sample[1:] + "\x00", true},
			"another type":            {"application/pdf", sample, false},
			"a page":                  {"text/html", page, false},
			"a page without type":     {"", page, false},
			"text that begins so":     {"text/plain", sample[:1] + " or not", false},
			"empty without type":      {"", "", false},
			"a number that is a text": {"text/plain", "12", false},
		} {
			got, err := call(t, view, method, reply{status, tt.kind, tt.body})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if there := !got.Elem().FieldByName(field).IsNil(); there != tt.there {
				t.Errorf("%s: %s is there: %v, want %v", name, field, there, tt.there)
			}
			if body := got.Elem().FieldByName("Body").Bytes(); string(body) != tt.body {
				t.Errorf("%s: got the body %q, want %q as it came", name, body, tt.body)
			}
		}
	})
}

func TestADeclaredCharsetIsRead(t *testing.T) {
	for kind, body := range map[string]string{
		"application/json; charset=iso-8859-1": "{\"message\":\"bl\xe5b\xe6r p\xe5 \xf8ya\"}",
		"application/json; charset=utf-8":      `{"message":"blåbær på øya"}`,
		"application/json":                     "\ufeff" + `{"message":"blåbær på øya"}`,
	} {
		got, err := call(t, "erp", "ListCustomerInvoicesWithResponse", reply{400, kind, body})
		if err != nil {
			t.Fatal(err)
		}
		answer := got.Interface().(*erp.ListCustomerInvoicesResponse)
		if answer.JSON400 == nil || answer.JSON400.Message != "blåbær på øya" {
			t.Errorf("%s: got %+v, want the message blåbær på øya", kind, answer.JSON400)
		}
	}
}

// What says that it is JSON and is not costs an error only where it is the
// answer itself; the status stays with the caller either way.
func TestBrokenJSONDoesNotCostTheStatus(t *testing.T) {
	eachField(t, func(t *testing.T, view, method, field string, status int, _ string) {
		for _, body := range []string{"<html>", `{"id":`, `"text"x`} {
			got, err := call(t, view, method, reply{status, "application/json", body})
			if failed := status >= 300; failed != (err == nil) {
				t.Errorf("%s: got %v", body, err)
			}
			if err != nil && !strings.Contains(err.Error(), strconv.Itoa(status)) {
				t.Errorf("%s: got %v, want the status in it", body, err)
			}
			if got.IsNil() || got.MethodByName("StatusCode").Call(nil)[0].Int() != int64(status) || !got.Elem().FieldByName(field).IsNil() {
				t.Errorf("%s: the answer has lost its status %d, or has a field that was not read", body, status)
			}
		}
	})
}
