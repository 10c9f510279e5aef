package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
)

// PagesOptions are the choices for [Pages]. The zero value is fine.
type PagesOptions struct {
	// PageSize is how many rows a page is asked to have. The ERP cuts it to what
	// it allows for the list. Default: 1000.
	PageSize int
	// Parallel is how many pages may run at the ERP at a time, that whose rows are
	// being yielded included. Only pages that the list was told to have are asked
	// for ahead. 1 asks for a page when the one before is done. Default: 2.
	Parallel int
	// After is where to go on: the Position of the last row that was taken, by an
	// earlier loop over the same request, perhaps in another process. PageSize is
	// that of the position then. Default: the first row.
	After Position
	// Operation are the options of the operation of each page. Key, Supersede and
	// Verify name one piece of work, and are an error here.
	Operation SubmitOptions
}

// Position is the place of a row in a list. Store it, as JSON for example, to go on
// behind the row with [PagesOptions].After.
type Position struct {
	Page  int `json:"page"`  // number of its page, from 1
	Row   int `json:"row"`   // number of the row on that page, from 1
	Size  int `json:"size"`  // rows of a full page
	Total int `json:"total"` // rows of the list when the page was read, 0 if the ERP did not tell
}

// Row is one row of a list.
type Row[T any] struct {
	Value T
	Position
}

// PageError says at which page a list could not be read on.
type PageError struct {
	Page int
	Err  error
}

func (e *PageError) Error() string { return fmt.Sprintf("page %d: %v", e.Page, e.Err) }

// Unwrap returns what happened to the page.
func (e *PageError) Unwrap() error { return e.Err }

// Pages yields the rows of a list that the ERP gives page by page, in their order.
// Each page is an operation that runs in the background. The request is a GET as for
// [Client.Submit]; pageNumber and pageSize of its query are set for each page, and
// everything else is kept. However long the list is, it holds one page in memory at a
// time, and of a page larger than [Config.MaxContent] no more than that; pages ahead
// stay at the ERP, or in the store, until their turn. It makes its calls only while the loop asks for
// rows, and owns no goroutine.
//
// # The end
//
// The end is where the ERP's metadata.totalCount has it, or an empty page. A page
// may be shorter than was asked for because the ERP cuts sizes without a word, so it
// is short only when compared with metadata.maxPageSize, or with the first page.
// Where a list tells no total, its pages are read one at a time until one is empty
// or short.
//
// # What changes meanwhile
//
// The ERP counts pages anew for each call. So when rows leave the list while it is
// read, later rows move up, some of them onto pages that were read before. Pages
// sees that by a total that went down; it then reads again the end of the pages
// before, and yields the rows that it had not seen there. If more than a page of rows
// left at once, or behind a Position of an earlier loop, rows may be yielded twice.
//
// So every row that stays in the list is yielded at least once, and exactly once while
// no row leaves, if new rows are added at its end: the ERP's default order is the
// oldest first. Those may come or not. What cannot be seen is a row that leaves while
// another one is added between two calls, for then the total stays the same. Read what
// was changed since the loop began (lastModifiedDateTime) where that matters.
//
// # Errors
//
// It yields at most one error, as its last pair: a *[PageError] with the page's
// number, or one about an argument. It wraps the errors of [Client.Submit],
// [Operation.Wait] and encoding/json, or says that the page is not a list of objects,
// that it repeats the one before, or that it is empty before the end. A list that ends
// with rows missing, because a page was short although it was not the last one, yields
// all others before its error. Go on later from the last row's Position.
//
// Because a GET changes nothing, a page is asked for again, a few times, if it is not
// known whether the ERP took it, if its end was unclear, or if the ERP forgot it.
//
// # What is left
//
// The operation of a page is acknowledged when its rows were yielded. Breaking out of
// the loop asks for no further page. It waits for the pages that were asked for
// ahead, because the ERP cannot cancel them, and acknowledges them: when the loop is
// left nothing runs and nothing is pending. If ctx ends, a page that the ERP still
// works on stays pending, as [Client.Pending] lists it, and so do the pages of a
// process that was killed. Where [Config.OnComplete] has a handler for the kind of
// Operation, [Client.Run] gives it every page; it should return nil.
func Pages[T any](ctx context.Context, c *Client, req *http.Request, opts PagesOptions) iter.Seq2[Row[T], error] {
	return func(yield func(Row[T], error) bool) {
		w, err := newPageWalk(ctx, c, req, opts)
		if err == nil {
			err = w.run(func(at Position, raw []byte) error {
				row := Row[T]{Position: at}
				if err := json.Unmarshal(raw, &row.Value); err != nil {
					return fmt.Errorf("decode row %d: %w", at.Row, err)
				}
				if !yield(row, nil) {
					return errLeft
				}
				return nil
			})
		}
		if err != nil && !errors.Is(err, errLeft) {
			yield(Row[T]{}, err)
		}
	}
}

// errLeft says that the loop over rows was left.
var errLeft = errors.New("the loop was left")
