// Package resources keeps what requests created, changed and deleted: a value for
// each path, for each company.
package resources

import (
	"container/list"
	"errors"
	"slices"
	"strings"
	"sync"
)

// A Resource is what is at a path. Nobody writes to its Value.
type Resource struct {
	Path       string // as [Key] writes it
	Collection string // the path of the list that it is in; empty: none
	ID         string
	Value      []byte // JSON; nil once it is deleted
	Deleted    bool

	version uint64 // 0: it is not kept
}

// size is about what a resource costs.
func (r *Resource) size() int {
	return len(r.Path) + len(r.Collection) + len(r.ID) + len(r.Value) + 300
}

// Key is a path in the form that equal paths have in common: neither the case of
// letters nor a slash at the end says anything.
func Key(path string) string { return strings.ToLower(strings.TrimRight(path, "/")) }

// ErrChanged says that somebody else changed a resource meanwhile.
var ErrChanged = errors.New("changed meanwhile")

// Store keeps the resources of all companies. It is safe for concurrent use. When
// they need more memory than there may be, the oldest are forgotten.
type Store struct {
	most int

	mu    sync.Mutex // guards all below, and what is in the books
	size  int
	last  uint64           // version that was given
	ages  *list.List       // of *entry, the oldest first
	books map[string]*Book // by company
	lost  int
}

type entry struct {
	Resource
	book *Book
	age  *list.Element
}

// New returns a store that takes about so many bytes.
func New(most int) *Store {
	return &Store{most: most, ages: list.New(), books: make(map[string]*Book)}
}

// A Book has the resources of one company until that is reset. What is put into it
// after that is lost, as nobody finds the book any more.
type Book struct {
	store *Store
	reset bool
	paths map[string]*entry
	lists map[string][]*entry // by collection, in the order in which they came
	made  map[string]int      // numbers that were given, by collection
}

// Book returns the present book of a company.
func (s *Store) Book(company string) *Book {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.books[company]
	if b == nil {
		b = &Book{store: s, paths: make(map[string]*entry), lists: make(map[string][]*entry), made: make(map[string]int)}
		s.books[company] = b
	}
	return b
}

// Reset forgets what there is of a company; of all of them, if that is empty.
func (s *Store) Reset(company string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, b := range s.books {
		if company != "" && name != company {
			continue
		}
		for _, e := range b.paths {
			s.ages.Remove(e.age)
			s.size -= e.size()
		}
		b.reset, b.paths, b.lists = true, nil, nil
		delete(s.books, name)
	}
}

// Forgotten is how many resources were forgotten because there were too many.
func (s *Store) Forgotten() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

// Get returns what was put at a path, and false if nothing was, for a first [Book.Put].
func (b *Book) Get(path string) (Resource, bool) {
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	if e := b.paths[path]; e != nil {
		return e.Resource, true
	}
	return Resource{Path: path}, false
}

// Gone reports whether what is at a path, or one that it begins with, was deleted.
func (b *Book) Gone(path string) bool {
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	if len(b.paths) == 0 {
		return false
	}
	for i := len(path); i > 0; i = strings.LastIndexByte(path[:i], '/') {
		if e := b.paths[path[:i]]; e != nil && e.Deleted {
			return true
		}
	}
	return false
}

// List returns what was put into a collection, deleted ones included, in the order in
// which it came.
func (b *Book) List(collection string) []Resource {
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	entries := b.lists[collection]
	all := make([]Resource, len(entries))
	for i, e := range entries {
		all[i] = e.Resource
	}
	return all
}

// Next is a number that was not given for a collection before, from 1.
func (b *Book) Next(collection string) int {
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	b.made[collection]++
	return b.made[collection]
}

// Put keeps a resource. It is one that [Book.Get] returned, changed but for its Path;
// the error is [ErrChanged] if there is another one now. What was put at paths below
// it is forgotten once it is deleted.
func (b *Book) Put(r Resource) error {
	s := b.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.reset {
		return nil
	}
	e := b.paths[r.Path]
	if e != nil && e.version != r.version || e == nil && r.version != 0 {
		return ErrChanged
	}
	s.last++
	r.version = s.last
	if r.Deleted {
		r.Value = nil
		for path, below := range b.paths {
			if strings.HasPrefix(path, r.Path+"/") {
				s.forget(below)
			}
		}
	}
	if e == nil {
		e = &entry{Resource: r, book: b}
		e.age = s.ages.PushBack(e)
		b.paths[r.Path] = e
		if r.Collection != "" {
			b.lists[r.Collection] = append(b.lists[r.Collection], e)
		}
	} else {
		s.size -= e.size()
		r.Collection = e.Collection
		e.Resource = r
	}
	s.size += e.size()
	for s.size > s.most && s.ages.Len() > 1 {
		s.lost++
		s.forget(s.ages.Front().Value.(*entry))
	}
	return nil
}

// forget needs s.mu.
func (s *Store) forget(e *entry) {
	s.size -= e.size()
	s.ages.Remove(e.age)
	delete(e.book.paths, e.Path)
	if e.Collection == "" {
		return
	}
	left := slices.DeleteFunc(e.book.lists[e.Collection], func(other *entry) bool { return other == e })
	if len(left) == 0 {
		delete(e.book.lists, e.Collection)
	} else {
		e.book.lists[e.Collection] = left
	}
}
