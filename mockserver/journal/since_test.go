package journal

import (
	"slices"
	"testing"
)

func TestSinceGoesOnWhereItWas(t *testing.T) {
	r := New(10 * (overhead + 2))
	add := func(n int, company string) {
		for range n {
			r.Request(Request{Company: company, Path: "/x"})
		}
	}
	seqs := func(list []Entry) (s []int64) {
		for _, e := range list {
			s = append(s, e.Seq)
		}
		return s
	}
	changed := r.Journal().Changed()
	add(5, "7")
	select {
	case <-changed:
	default:
		t.Error("who waits for a change was not told of five")
	}
	add(2, "8")
	seven := r.Journal().Select(Filter{Company: "7"})
	for _, tt := range []struct {
		j    *Journal
		seq  int64
		most int
		want []int64
		next int64
		lost int64
	}{
		{r.Journal(), 0, 3, []int64{1, 2, 3}, 3, 0},
		{r.Journal(), 3, 9, []int64{4, 5, 6, 7}, 7, 0},
		{r.Journal(), 7, 9, nil, 7, 0},
		{r.Journal(), 99, 9, nil, 99, 0},
		{seven, 4, 9, []int64{5}, 7, 0}, // what was looked at needs no second look
		{seven, 0, 5, []int64{1, 2, 3, 4, 5}, 5, 0},
	} {
		list, next, lost := tt.j.Since(tt.seq, tt.most)
		if !slices.Equal(seqs(list), tt.want) || next != tt.next || lost != tt.lost {
			t.Errorf("since %d: got %v, next %d, lost %d; want %v, %d, %d", tt.seq, seqs(list), next, lost, tt.want, tt.next, tt.lost)
		}
	}
	add(5, "7") // forgets 1 and 2
	if list, _, lost := r.Journal().Since(1, 1); lost != 1 || list[0].Seq != 3 {
		t.Errorf("since 1: got %v, lost %d; want 3, and one lost", seqs(list), lost)
	}
	if list, _, lost := r.Journal().Since(2, 1); lost != 0 || list[0].Seq != 3 {
		t.Errorf("since 2: got %v, lost %d; want 3, and none lost", seqs(list), lost)
	}
	r.Reset("")
	add(1, "7")
	if list, _, lost := r.Journal().Since(12, 9); lost != 0 || !slices.Equal(seqs(list), []int64{13}) || list[0].Number != 1 {
		t.Errorf("after a reset: got %+v, lost %d; want entry 13, the company's first", list, lost)
	}
	if _, _, lost := r.Journal().Since(11, 9); lost != 1 {
		t.Errorf("a reset took %d entries from a reader, want 1", lost)
	}
	if e, ok := seven.Find(13); !ok || e.Seq != 13 || r.Journal().Last() != 13 {
		t.Errorf("entry 13 is %+v, %v", e, ok)
	}
	for _, seq := range []int64{0, 12, 14} {
		if e, ok := r.Journal().Find(seq); ok {
			t.Errorf("entry %d is %+v", seq, e)
		}
	}
}

func TestAnUpdateIsAChange(t *testing.T) {
	r := New(1 << 20)
	e := r.Request(Request{Company: "7"})
	for _, change := range []struct {
		what string
		do   func()
	}{
		{"an update", func() { r.Update(func() { e.Request.StatusCode = 200 }) }},
		{"a touch", r.Touch},
		{"a removal", func() { r.Remove(e) }},
		{"a reset", func() { r.Reset("7") }},
	} {
		changed := r.Journal().Changed()
		if change.do(); !isClosed(changed) {
			t.Errorf("%s does not count as a change", change.what)
		}
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
