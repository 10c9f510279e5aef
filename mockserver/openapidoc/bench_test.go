package openapidoc_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/gendoc"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/openapidoc"
)

// BenchmarkNew reads a document of the ERP's size, from its text and from a cache.
func BenchmarkNew(b *testing.B) {
	source := gendoc.ERP(gendoc.V30, 1).JSON
	for name, dir := range map[string]string{"cold": "", "cached": b.TempDir()} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(source)))
			for b.Loop() {
				if _, err := openapidoc.New(openapidoc.Config{Source: source, CacheDir: dir}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkAnswer asks each operation of such a document in its turn, in the
// foreground.
func BenchmarkAnswer(b *testing.B) {
	source := gendoc.ERP(gendoc.V30, 1).JSON
	for name, cfg := range map[string]openapidoc.Config{
		"plain": {}, "strict": {Validate: openapidoc.Strict}, "stateful": {Stateful: true},
	} {
		b.Run(name, func(b *testing.B) {
			cfg.Source = source
			doc, err := openapidoc.New(cfg)
			if err != nil {
				b.Fatal(err)
			}
			srv, err := mockserver.New(mockserver.Config{Seed: 1, Fallbacks: []mockserver.Fallback{doc}})
			if err != nil {
				b.Fatal(err)
			}
			defer srv.Close()
			var requests []*http.Request
			for _, o := range doc.Operations("") {
				r, err := http.NewRequest(o.Method, "http://erp"+strings.NewReplacer("{", "", "}", "").Replace(o.Path), http.NoBody)
				if err != nil {
					b.Fatal(err)
				}
				requests = append(requests, r)
			}
			h := srv.Backdoor("1")
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				h.ServeHTTP(&discard{header: make(http.Header)}, requests[i%len(requests)])
			}
		})
	}
}
