package store

import (
	"context"
	"errors"
)

// UnimplementedStore is embedded by every [Store]: what Store gets later is a
// method of it, which returns [errors.ErrUnsupported]. A store that wraps
// another embeds that one, whatever Store has.
type UnimplementedStore struct{}

func (UnimplementedStore) implementsStore() {}

// Due returns [errors.ErrUnsupported].
func (UnimplementedStore) Due(context.Context, string, DueQuery) (DueList, error) {
	return DueList{}, errors.ErrUnsupported
}

// UnimplementedTx is embedded by every [Tx], for the same reason.
type UnimplementedTx struct{}

func (UnimplementedTx) implementsTx() {}
