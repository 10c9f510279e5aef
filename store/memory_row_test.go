package store

import (
	"fmt"
	"reflect"
	"testing"
	"time"
	"unsafe"
)

// TestRowKeepsAllOfARecord: a field that Record gets must be kept in memory too.
func TestRowKeepsAllOfARecord(t *testing.T) {
	n := 0
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		n++
		switch v.Interface().(type) {
		case time.Time:
			v.Set(reflect.ValueOf(time.Unix(int64(1_700_000_000+n), int64(n)).UTC()))
			return
		}
		switch v.Kind() {
		case reflect.String:
			v.SetString(fmt.Sprint("text ", n))
		case reflect.Int, reflect.Int64:
			v.SetInt(int64(n))
		case reflect.Uint64:
			v.SetUint(uint64(n))
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Struct:
			for i := range v.NumField() {
				fill(v.Field(i))
			}
		case reflect.Pointer:
			v.Set(reflect.New(v.Type().Elem()))
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		case reflect.Map:
			v.Set(reflect.MakeMap(v.Type()))
		default:
			t.Fatalf("a field of kind %s: say how to fill it", v.Kind())
		}
	}
	var full Record
	fill(reflect.ValueOf(&full).Elem())
	full.Blocked = false                                      // or it is not planned
	full.Lease.Tenant, full.Lease.Ref = full.Tenant, full.Ref // as in every store
	var w row
	for _, want := range []Record{full, {}, {Tenant: "fjord", Ref: "r", Phase: Settled}, full} { // in one place
		w.set(&want)
		if got := w.record(); !reflect.DeepEqual(got, want) {
			t.Errorf("got\n%+v, want\n%+v", got, want)
		}
		if got, want := w.told(), want.told(); got != want {
			t.Errorf("watchers are told of %+v, want %+v", got, want)
		}
	}
	blocked := full
	blocked.Blocked = true
	if w.set(&blocked); w.planned() || !w.record().Blocked {
		t.Error("what is blocked is planned")
	}
	w.set(&full)
	if got, want := w.planned(), true; got != want || w.holdsKey() != full.HoldsKey() || w.position() != full.Position() {
		t.Errorf("planned %v, holds its key %v, at %v", got, w.holdsKey(), w.position())
	}
}

func TestRowsAreLight(t *testing.T) {
	if got := unsafe.Sizeof(row{}); unsafe.Sizeof(uintptr(0)) == 8 && got > 416 {
		t.Errorf("a row takes %d bytes, want at most 416, which is a size class", got)
	}
	if got := unsafe.Sizeof(rowProgress{}); unsafe.Sizeof(uintptr(0)) == 8 && got > 112 {
		t.Errorf("a row's progress takes %d bytes, want at most 112", got)
	}
}
