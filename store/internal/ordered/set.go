// Package ordered keeps items in their order.
package ordered

import (
	"iter"
	"slices"
	"sort"
)

// full is how many items a chunk holds. Moving that many of 16 bytes takes less
// than the look-ups around it.
const full = 512

// Set is items in the order of a function, no two of them equal. An insertion or
// removal moves no more than a chunk of them, however many there are. It is not
// safe for concurrent use, and must not be changed while it is iterated over.
type Set[T any] struct {
	compare func(a, b T) int
	chunks  [][]T // none of them empty
	n       int
}

// New returns an empty set.
func New[T any](compare func(a, b T) int) *Set[T] { return &Set[T]{compare: compare} }

// Len returns the number of items.
func (s *Set[T]) Len() int { return s.n }

// find returns where the first item is that before is not true of: in which
// chunk, and where in it.
func (s *Set[T]) find(before func(T) bool) (chunk, i int) {
	chunk = sort.Search(len(s.chunks), func(c int) bool {
		items := s.chunks[c]
		return !before(items[len(items)-1])
	})
	if chunk == len(s.chunks) {
		return chunk, 0
	}
	items := s.chunks[chunk]
	return chunk, sort.Search(len(items), func(i int) bool { return !before(items[i]) })
}

// Insert adds an item that is not there.
func (s *Set[T]) Insert(item T) {
	s.n++
	c, i := s.find(func(other T) bool { return s.compare(other, item) < 0 })
	if c == len(s.chunks) { // behind all others
		if c == 0 || len(s.chunks[c-1]) == full {
			s.chunks = append(s.chunks, []T{item})
			return
		}
		s.chunks[c-1] = append(s.chunks[c-1], item)
		return
	}
	if items := s.chunks[c]; len(items) == full {
		s.chunks = slices.Insert(s.chunks, c+1, slices.Clone(items[full/2:]))
		clear(items[full/2:])
		s.chunks[c] = items[:full/2]
		if i > full/2 {
			c, i = c+1, i-full/2
		}
	}
	s.chunks[c] = slices.Insert(s.chunks[c], i, item)
}

// Delete removes an item that is there.
func (s *Set[T]) Delete(item T) {
	c, i := s.find(func(other T) bool { return s.compare(other, item) < 0 })
	if c == len(s.chunks) || s.compare(s.chunks[c][i], item) != 0 {
		return
	}
	s.n--
	s.chunks[c] = slices.Delete(s.chunks[c], i, i+1)
	switch size := len(s.chunks[c]); {
	case size == 0:
		s.chunks = slices.Delete(s.chunks, c, c+1)
	case size < full/4 && c+1 < len(s.chunks) && size+len(s.chunks[c+1]) <= full/2:
		// Chunks that became sparse would hold memory for what is gone.
		s.chunks[c] = append(s.chunks[c], s.chunks[c+1]...)
		s.chunks = slices.Delete(s.chunks, c+1, c+2)
	}
}

// Ascend yields the items in order, from the first one that before is not true
// of. All that it is true of stand before all others.
func (s *Set[T]) Ascend(before func(T) bool) iter.Seq[T] {
	return func(yield func(T) bool) {
		for c, i := s.find(before); c < len(s.chunks); c, i = c+1, 0 {
			for _, item := range s.chunks[c][i:] {
				if !yield(item) {
					return
				}
			}
		}
	}
}

// Descend yields the items the other way round, from the last one that before is
// true of.
func (s *Set[T]) Descend(before func(T) bool) iter.Seq[T] {
	return func(yield func(T) bool) {
		c, i := s.find(before)
		for {
			for i--; i >= 0; i-- {
				if !yield(s.chunks[c][i]) {
					return
				}
			}
			if c--; c < 0 {
				return
			}
			i = len(s.chunks[c])
		}
	}
}

// Count returns how many items before is true of.
func (s *Set[T]) Count(before func(T) bool) (n int) {
	chunk, i := s.find(before)
	for _, items := range s.chunks[:chunk] {
		n += len(items)
	}
	return n + i
}
