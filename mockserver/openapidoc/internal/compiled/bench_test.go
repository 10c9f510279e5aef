package compiled_test

import (
	"encoding/json"
	"runtime"
	"testing"

	"github.com/vismanet-go/background/internal/gendoc"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/compiled"
)

// A document of the ERP's size, read from its text.
func BenchmarkOpen(b *testing.B) {
	data := gendoc.ERP(gendoc.V30, 1).JSON
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		open(b, data, compiled.Options{})
	}
}

// The same, from the cache; heap-MB is what it takes then.
func BenchmarkOpenCached(b *testing.B) {
	data, dir := gendoc.ERP(gendoc.V30, 1).JSON, b.TempDir()
	open(b, data, compiled.Options{CacheDir: dir})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	kept := open(b, data, compiled.Options{CacheDir: dir})
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(kept)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if d := open(b, data, compiled.Options{CacheDir: dir}); !d.Cached {
			b.Fatal("not cached")
		}
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "heap-MB")
}

// One answer after the other, of all operations, made and encoded.
func BenchmarkAnswer(b *testing.B) {
	d := open(b, gendoc.ERP(gendoc.V30, 1).JSON, compiled.Options{})
	var all []*compiled.MediaType
	for _, o := range d.Operations() {
		if r := o.Responses(); len(r) > 0 && len(r[0].Content) > 0 {
			all = append(all, r[0].Content[0])
		}
	}
	for _, m := range all {
		m.Answer(compiled.Want{}) // compiled
	}
	bytes, n := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		text, err := json.Marshal(all[n%len(all)].Answer(compiled.Want{Seed: uint64(n)}).Value)
		if err != nil {
			b.Fatal(err)
		}
		bytes += len(text)
		n++
	}
	b.ReportMetric(float64(bytes)/float64(n), "bytes/answer")
}
