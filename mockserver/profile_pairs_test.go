package mockserver_test

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/profile"
)

// boolSwitches are the names and indexes of a profile's switches that are on or
// off.
func boolSwitches() (names []string, paths [][]int) {
	var walk func(typ reflect.Type, name string, path []int)
	walk = func(typ reflect.Type, name string, path []int) {
		for i := range typ.NumField() {
			f := typ.Field(i)
			to := append(append([]int(nil), path...), i)
			switch f.Type.Kind() {
			case reflect.Bool:
				names, paths = append(names, name+f.Name), append(paths, to)
			case reflect.Struct:
				walk(f.Type, name+f.Name+".", to)
			}
		}
	}
	walk(reflect.TypeFor[profile.Profile](), "", nil)
	return names, paths
}

// With any two switches turned a client gets its answer, or an error that is no
// end of patience.
func TestEveryPairOfSwitches(t *testing.T) {
	names, paths := boolSwitches()
	if len(names) < 30 {
		t.Fatalf("found only %v", names)
	}
	for i := range names {
		t.Run(names[i], func(t *testing.T) {
			for j := range i {
				var p profile.Profile
				reflect.ValueOf(&p).Elem().FieldByIndex(paths[i]).SetBool(true)
				reflect.ValueOf(&p).Elem().FieldByIndex(paths[j]).SetBool(true)
				synctest.Test(t, func(t *testing.T) { callAll(t, p, "with "+names[j]) })
			}
		})
	}
}

// callAll makes a call of each sort.
func callAll(t *testing.T, p profile.Profile, with string) {
	f := startClientFlow(t, mockserver.Config{Profile: p}, client.Subscription())
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Hour)
	defer cancel()
	for _, call := range []struct{ method, path, body string }{
		{"GET", "/v1/customerinvoice?pageNumber=1&pageSize=2", ""},
		{"PUT", "/v1/customerinvoice/003545", `{"note":{"value":"x"}}`},
		{"POST", "/v1/customerinvoice/003545/action/release", "{}"},
		{"POST", "/v1/customerinvoice/003501/action/release", "{}"},
		{"DELETE", "/v1/customerinvoice/009999", ""},
	} {
		req, err := http.NewRequestWithContext(ctx, call.method, f.URL()+call.path, strings.NewReader(call.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		op, err := f.c.Submit(ctx, req, client.SubmitOptions{})
		if op != nil {
			_, err = op.Wait(ctx)
		}
		if errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %s %s: never known: %v", with, call.method, call.path, err)
		}
	}
	for _, op := range f.Operations() {
		if op.State != operation.Finished && op.State != operation.Failed {
			t.Errorf("%s: %s %s: %s", with, op.Method, op.Path, op.State)
		}
		if strings.Contains(op.ErrorMessage, "exception") {
			t.Errorf("%s: %s %s: %s", with, op.Method, op.Path, op.ErrorMessage)
		}
	}
}
