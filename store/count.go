package store

import (
	"cmp"
	"context"
)

// Counter is what a [Store] may have beyond its interface: it counts without
// reading records.
type Counter interface {
	// Count returns how many records of the tenant q selects, whatever its
	// After and Limit.
	Count(ctx context.Context, tenant string, q Query) (int, error)
}

// Count returns how many records of the tenant q selects. Where the store is
// no [Counter] it reads them in small pages, and not beyond q.Limit (0 means
// 1000): then n is at least that many.
func Count(ctx context.Context, s Store, tenant string, q Query) (n int, err error) {
	q.After, q.WithoutContent = "", true
	if c, ok := s.(Counter); ok {
		return c.Count(ctx, tenant, q)
	}
	limit := cmp.Or(q.Limit, 1000)
	for n < limit {
		q.Limit = min(limit-n, 50)
		page, err := s.List(ctx, tenant, q)
		n += len(page)
		if err != nil || len(page) < q.Limit {
			return n, err
		}
		q.After = page[len(page)-1].Ref
	}
	return n, nil
}
