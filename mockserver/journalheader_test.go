package mockserver

import (
	"net/http"
	"reflect"
	"testing"
)

func TestAPackedHeaderIsTheHeader(t *testing.T) {
	for _, h := range []http.Header{
		nil, {}, {"A": {"1"}}, {"A": {"1", "", "3"}, "B": {}, "": {"x\x00\n"}, "Long": {string(make([]byte, 100_000))}},
	} {
		if got := packHeader(h).header(); len(got) != len(h) || (got == nil) != (h == nil) || len(h) > 0 && !reflect.DeepEqual(got, h) {
			t.Errorf("%d lines came back as %d", len(h), len(got))
		}
	}
}
