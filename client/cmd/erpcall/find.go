package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/store"
)

// find returns the operation that a name means: its ref, the ERP's id, its key, or
// the beginning of ref or id, among the latest thousand.
func (s *session) find(ctx context.Context, name string) (store.Record, error) {
	for _, get := range []func() (store.Record, error){
		func() (store.Record, error) { return s.store.Get(ctx, s.tenant, name) },
		func() (store.Record, error) { return s.store.GetByID(ctx, s.tenant, strings.ToLower(name)) },
		func() (store.Record, error) { return s.store.GetByKey(ctx, s.tenant, name) },
	} {
		rec, err := get()
		if err == nil || !isMissing(err) {
			return rec, err
		}
	}
	return s.begins(ctx, name)
}

// isMissing reports whether a store has no such record, or says that the name can be
// none.
func isMissing(err error) bool {
	_, invalid := errors.AsType[*store.InvalidError](err)
	return errors.Is(err, store.ErrNotFound) || invalid
}

// leastPrefix is how much of a name has to be given.
const leastPrefix = 4

func (s *session) begins(ctx context.Context, name string) (store.Record, error) {
	none := cli.Usagef("there is no operation %q in %s (tenant %s): want a ref, an id of the ERP or a key; erpcall list shows them", name, s.where, s.tenant)
	if len(name) < leastPrefix {
		return store.Record{}, none
	}
	list, err := s.store.List(ctx, s.tenant, store.Query{NewestFirst: true, Limit: 1000, WithoutContent: true})
	if err != nil {
		return store.Record{}, err
	}
	var found []store.Record
	for _, rec := range list {
		if strings.HasPrefix(rec.Ref, name) || strings.HasPrefix(rec.ID, strings.ToLower(name)) {
			found = append(found, rec)
		}
	}
	switch len(found) {
	case 0:
		return store.Record{}, none
	case 1:
		return s.store.Get(ctx, s.tenant, found[0].Ref) // with its content
	}
	return store.Record{}, cli.Usagef("%q may be any of %d operations, such as %s and %s: want more of the name", name, len(found), found[0].Ref, found[1].Ref)
}

// operation returns the handle of a name.
func (s *session) operation(ctx context.Context, name string) (*client.Operation, store.Record, error) {
	rec, err := s.find(ctx, name)
	if err != nil {
		return nil, rec, err
	}
	op, err := s.OperationByRef(ctx, rec.Ref)
	return op, rec, err
}

// title names an operation in a sentence.
func title(rec store.Record) string {
	return plain(fmt.Sprintf("%s %s (%s)", rec.Method, rec.Path, rec.Ref))
}
