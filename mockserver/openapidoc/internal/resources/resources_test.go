package resources

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// put changes what is at a path.
func put(t *testing.T, b *Book, path, collection, value string) {
	t.Helper()
	r, _ := b.Get(path)
	r.Collection, r.Value, r.Deleted = collection, []byte(value), value == ""
	if err := b.Put(r); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsPutIsThere(t *testing.T) {
	s := New(1 << 20)
	b := s.Book("1")
	put(t, b, "/things/1", "/things", "one")
	put(t, b, "/things/2", "/things", "two")
	put(t, b, "/things/1", "/things", "ONE")
	put(t, b, "/settings", "", "some")
	if got := fmt.Sprint(b.texts("/things")); got != "[/things/1=ONE /things/2=two]" {
		t.Errorf("got %s", got)
	}
	if r, ok := b.Get("/settings"); !ok || string(r.Value) != "some" {
		t.Errorf("got %+v, %v", r, ok)
	}
	if _, ok := s.Book("2").Get("/settings"); ok {
		t.Error("another company has it too")
	}
	if Key("/Things/A%2Fb/") != "/things/a%2fb" {
		t.Errorf("got %s", Key("/Things/A%2Fb/"))
	}
}

func (b *Book) texts(collection string) (list []string) {
	for _, r := range b.List(collection) {
		list = append(list, fmt.Sprintf("%s=%s", r.Path, r.Value))
	}
	return list
}

func TestWhatIsDeletedIsGoneWithAllBelowIt(t *testing.T) {
	b := New(1 << 20).Book("1")
	put(t, b, "/things/1", "/things", "one")
	put(t, b, "/things/1/parts/7", "/things/1/parts", "part")
	put(t, b, "/things/10", "/things", "ten")
	put(t, b, "/things/1", "/things", "")
	for path, want := range map[string]bool{"/things/1": true, "/things/1/parts/7": true, "/things/1/parts": true, "/things/10": false, "/things": false, "": false} {
		if got := b.Gone(path); got != want {
			t.Errorf("%s: gone %v, want %v", path, got, want)
		}
	}
	if _, ok := b.Get("/things/1/parts/7"); ok {
		t.Error("the part is still there")
	}
	put(t, b, "/things/1", "/things", "again")
	if b.Gone("/things/1") || len(b.List("/things/1/parts")) != 0 {
		t.Errorf("put anew: gone %v, parts %v", b.Gone("/things/1"), b.List("/things/1/parts"))
	}
}

func TestOneOfTwoChangesIsRefused(t *testing.T) {
	b := New(1 << 20).Book("1")
	first, _ := b.Get("/x")
	second, _ := b.Get("/x")
	if err := errors.Join(b.Put(first), b.Put(second)); !errors.Is(err, ErrChanged) {
		t.Errorf("both created it: %v", err)
	}
	first, _ = b.Get("/x")
	second = first
	if err := errors.Join(b.Put(first), b.Put(second)); !errors.Is(err, ErrChanged) {
		t.Errorf("both changed it: %v", err)
	}
}

func TestAResetForgetsACompany(t *testing.T) {
	s := New(1 << 20)
	old, other := s.Book("1"), s.Book("2")
	put(t, old, "/x", "/", "1")
	put(t, other, "/x", "/", "2")
	s.Reset("1")
	put(t, old, "/late", "/", "of a handler that was still running")
	if _, ok := s.Book("1").Get("/late"); ok {
		t.Error("what came after the reset is there")
	}
	if r, ok := other.Get("/x"); !ok || string(r.Value) != "2" {
		t.Errorf("another company: %+v", r)
	}
	s.Reset("")
	if s.size != 0 || s.ages.Len() != 0 || len(s.books) != 0 {
		t.Errorf("%d bytes, %d resources, %d books are left", s.size, s.ages.Len(), len(s.books))
	}
}

func TestTheOldestAreForgotten(t *testing.T) {
	s := New(100_000)
	for i := range 300 {
		put(t, s.Book(fmt.Sprint(i%3)), fmt.Sprint("/things/", i), "/things", strings.Repeat("x", 1000))
	}
	kept := 0
	for i := range 300 {
		if _, ok := s.Book(fmt.Sprint(i % 3)).Get(fmt.Sprint("/things/", i)); ok {
			kept++
		} else if kept > 0 {
			t.Fatalf("%d was forgotten, an older one was not", i)
		}
	}
	if s.size > 100_000 || kept < 60 || s.Forgotten() != 300-kept {
		t.Errorf("%d bytes in %d resources, %d forgotten", s.size, kept, s.Forgotten())
	}
	if n := len(s.Book("0").List("/things")) + len(s.Book("1").List("/things")) + len(s.Book("2").List("/things")); n != kept {
		t.Errorf("%d are listed, %d kept", n, kept)
	}
	put(t, s.Book("9"), "/large", "", strings.Repeat("x", 200_000))
	if r, _ := s.Book("9").Get("/large"); len(r.Value) != 200_000 || s.ages.Len() != 1 {
		t.Errorf("of what is larger than all there may be, %d bytes are kept, beside %d others", len(r.Value), s.ages.Len()-1)
	}
}

func TestBooksAreSafeForConcurrentUse(t *testing.T) {
	s := New(20_000)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 200 {
				b := s.Book(fmt.Sprint(j % 2))
				r, _ := b.Get(fmt.Sprint("/x/", j%20))
				r.Collection, r.Deleted = "/x", j%5 == 0
				if err := b.Put(r); err != nil && !errors.Is(err, ErrChanged) {
					t.Error(err)
				}
				b.List("/x")
				b.Gone("/x/1/y")
				if j%50 == i {
					s.Reset("1")
				}
			}
		})
	}
	all.Wait()
}
