package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"net/http"
)

// pageWalk reads the pages of a list in their order. Its calls are made by the
// goroutine that runs it.
type pageWalk struct {
	pageAsker
	parallel int
	ahead    []*listPage // asked for before their turn, in their order

	next  int // number of the page that is read next
	skip  int // rows of it that were taken already
	total int // rows of the list as of the page before, 0 if not known
	short int // the first page that was short although it was not the last, 0 if none was
	empty int // the page that was found empty before its time, 0 if none was

	// of the page before
	seed  maphash.Seed
	first uint64         // its first row, 0 if it is not known
	seen  map[uint64]int // its rows, and how often each was there
}

// take is given a row, which is valid during the call. Its error ends the walk.
type take func(at Position, raw []byte) error

func newPageWalk(ctx context.Context, c *Client, req *http.Request, opts PagesOptions) (*pageWalk, error) {
	if err := opts.check(); err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	asker, err := newPageAsker(ctx, c, req, cmp.Or(opts.After.Size, opts.PageSize, 1000), opts.Operation)
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	return &pageWalk{
		pageAsker: asker, parallel: cmp.Or(opts.Parallel, 2), next: max(1, opts.After.Page), skip: opts.After.Row, total: opts.After.Total,
		seed: maphash.MakeSeed(), seen: make(map[uint64]int),
	}, nil
}

// run gives every row to yield. Its error is that of yield, or a *PageError.
func (w *pageWalk) run(yield take) error {
	defer w.finish()
	for {
		number := w.next
		done, err := w.page(yield)
		if _, told := errors.AsType[*PageError](err); err != nil && !told && !errors.Is(err, errLeft) {
			err = &PageError{Page: number, Err: err}
		}
		if done || err != nil {
			return err
		}
	}
}

// page reads the next page and gives its rows to yield. It reports whether the list
// ends with it.
func (w *pageWalk) page(yield take) (done bool, err error) {
	p := w.turn()
	defer w.release(p)
	if err := w.open(p); err != nil {
		if w.next == 1 || w.total == 0 || !maybeBeyondEnd(err) {
			return false, err
		}
		return w.ended(err, yield)
	}
	if w.cut(p.maxSize) {
		return false, nil
	}
	raw, err := w.row(p)
	if err == io.EOF {
		return w.ended(nil, yield)
	}
	if err != nil {
		return false, err
	}
	hash := w.hash(p)
	if hash == w.first {
		return false, fmt.Errorf("it repeats page %d: the list may not know pageNumber", w.next-1)
	}
	if p.total = cmp.Or(p.total, w.total); p.total < w.total {
		if _, err := w.reread(p.total, yield); err != nil {
			return false, err
		}
		w.skip = max(0, w.skip-(w.total-p.total))
	}
	w.total, w.first = p.total, hash
	clear(w.seen)
	w.askAhead(p)
	for ; err == nil; raw, err = w.row(p) {
		w.seen[w.hash(p)]++
		if p.n <= w.skip {
			continue
		}
		if err := yield(w.at(p), raw); err != nil {
			return false, err
		}
	}
	if err != io.EOF {
		return false, err
	}
	return w.after(p)
}

// after decides by a page whose rows were all read whether the list ends with it,
// and goes on to the next one if not.
func (w *pageWalk) after(p *listPage) (done bool, err error) {
	end, isShort := (w.next-1)*w.size+p.n, p.n < w.size
	switch {
	case p.total == end:
		done = true
	case w.next == 1 && isShort && (p.total > end || p.maxSize == 0):
		// Its size was cut, and not to the one that it names, if it names any. Or this
		// is all of a list that tells nothing: then the next page is empty.
		w.resize(p.n)
	case p.total > end: // of which the next pages have the rest
		if isShort {
			w.short = cmp.Or(w.short, w.next)
		}
	case p.total == 0:
		done = isShort
	default: // there are more rows than the total says
		done = isShort && p.maxSize > 0
	}
	if done {
		return true, w.missing()
	}
	w.next, w.skip = w.next+1, 0
	return false, nil
}

// missing is the error of a list that was read to its end, and of which a page had
// too few rows.
func (w *pageWalk) missing() error {
	if w.short == 0 {
		return nil
	}
	return &PageError{Page: w.short, Err: fmt.Errorf("it had less than %d rows, although it was not the last one: the list does not give all of its %d rows (metadata.totalCount)", w.size, w.total)}
}

// ended decides whether the list ends before the next page, which was empty, or
// which the ERP refused as it may refuse what does not exist. Rows may have left
// the list since it told its total; else it tells of more than it has.
func (w *pageWalk) ended(refused error, yield take) (done bool, err error) {
	if w.next == 1 || w.total == 0 {
		return true, w.missing()
	}
	last, err := w.reread(0, yield)
	if err != nil {
		return false, err
	}
	end := (last.number-1)*w.size + last.n
	switch {
	case last.total <= end:
		return true, w.missing()
	case refused != nil:
		return false, refused
	case w.empty == w.next:
		return false, fmt.Errorf("it is empty, although the list has %d rows (metadata.totalCount) and page %d ends with row %d", last.total, last.number, end)
	}
	w.empty, w.total = w.next, last.total // rows may have been added just now: the page is asked for once more
	return false, nil
}

// reread reads pages before the next one again, from the last to the first: that
// order misses no row of those that move up meanwhile. It goes as far as rows may
// have moved that were behind what was taken, and gives those to yield that are not
// known from the page before. total is how many rows the list has by now. 0 says that
// the next page had none to tell that; then it goes back to a page with rows at
// least. It returns the first page with rows that it meets, or an empty one.
func (w *pageWalk) reread(total int, yield take) (last *listPage, err error) {
	taken := (w.next-1)*w.size + w.skip
	begin := taken // from there on rows may be new
	if total > 0 {
		begin -= w.total - total
	}
	last = &listPage{}
	blind := total == 0 // no page told yet how many rows there are
	for number := w.next - 1; number > 0 && (blind || number*w.size > begin); number-- {
		p := w.ask(number)
		err := w.rereadPage(p, taken, &begin, yield)
		w.release(p)
		if err != nil {
			if _, told := errors.AsType[*PageError](err); !told && !errors.Is(err, errLeft) {
				err = &PageError{Page: number, Err: err}
			}
			return nil, err
		}
		if blind = last.n == 0 && p.n == 0; last.n == 0 {
			last = p
		}
	}
	return last, nil
}

// rereadPage reads one page again.
func (w *pageWalk) rereadPage(p *listPage, taken int, begin *int, yield take) error {
	if err := w.open(p); err != nil {
		if maybeBeyondEnd(err) {
			return nil // as empty
		}
		return err
	}
	if p.total > 0 {
		*begin = min(*begin, taken-(w.total-p.total))
	}
	known := maps.Clone(w.seen)
	for {
		raw, err := w.row(p)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		hash := w.hash(p)
		if known[hash] > 0 {
			known[hash]--
			continue
		}
		if (p.number-1)*w.size+p.n <= *begin {
			continue
		}
		w.seen[hash]++
		if err := yield(w.at(p), raw); err != nil {
			return err
		}
	}
}

// turn returns the next page: that which was asked for ahead, or a new one.
func (w *pageWalk) turn() *listPage {
	if len(w.ahead) > 0 && w.ahead[0].number == w.next {
		p := w.ahead[0]
		w.ahead = w.ahead[1:]
		return p
	}
	return w.ask(w.next)
}

// askAhead asks for pages behind p that there are, as far as its row tells that.
func (w *pageWalk) askAhead(p *listPage) {
	if p.number == 1 && p.maxSize == 0 {
		return // it is not known yet how many rows a page has
	}
	for len(w.ahead) < w.parallel-1 {
		number := w.next + 1 + len(w.ahead)
		if (number-1)*w.size >= w.total {
			return
		}
		p := w.ask(number)
		w.ahead = append(w.ahead, p)
		if p.err != nil {
			return // which is told when its turn comes
		}
	}
}

// cut follows the ERP, which puts at most most rows on a page; 0 is not known. It
// reports whether the page that told so has other rows than those to go on with.
func (w *pageWalk) cut(most int) bool {
	if most == 0 || most >= w.size {
		return false
	}
	number, taken := w.next, (w.next-1)*w.size+w.skip
	w.resize(most)
	w.next, w.skip = taken/most+1, taken%most
	return number != 1 || w.next != 1
}

// resize changes how many rows a page is asked to have.
func (w *pageWalk) resize(size int) {
	w.finish()
	w.size = size
}

// finish leaves no page behind that was asked for ahead.
func (w *pageWalk) finish() {
	for _, p := range w.ahead {
		w.release(p)
	}
	w.ahead = nil
	w.forget()
}

func (w *pageWalk) at(p *listPage) Position {
	return Position{Page: p.number, Row: p.n, Size: w.size, Total: p.total}
}

// hash returns the hash of the row that was read last of a page.
func (w *pageWalk) hash(p *listPage) uint64 {
	var h maphash.Hash
	h.SetSeed(w.seed)
	before, after := p.rows.Identity()
	_, _ = h.Write(before)
	_, _ = h.Write(after)
	return h.Sum64()
}

// maybeBeyondEnd reports whether the ERP refused a page with a status that may say
// that there is no such page.
func maybeBeyondEnd(err error) bool {
	status := 0
	if failed, ok := errors.AsType[*OperationError](err); ok {
		status = failed.StatusCode
	} else if refused, ok := errors.AsType[*ResponseError](err); ok {
		status = refused.StatusCode
	}
	return status == http.StatusNotFound || status == http.StatusBadRequest
}
