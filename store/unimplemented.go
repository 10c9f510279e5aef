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

// Enqueue returns [errors.ErrUnsupported].
func (UnimplementedStore) Enqueue(context.Context, Record, []byte) (Record, error) {
	return Record{}, errors.ErrUnsupported
}

// GetBody returns [errors.ErrUnsupported].
func (UnimplementedStore) GetBody(context.Context, string, string) ([]byte, error) {
	return nil, errors.ErrUnsupported
}

// GetSequence returns [errors.ErrUnsupported].
func (UnimplementedStore) GetSequence(context.Context, string, string) (Sequence, error) {
	return Sequence{}, errors.ErrUnsupported
}

// Sequences returns [errors.ErrUnsupported].
func (UnimplementedStore) Sequences(context.Context, string, SequenceQuery) ([]Sequence, error) {
	return nil, errors.ErrUnsupported
}

// UnimplementedTx is embedded by every [Tx], for the same reason. Only what is
// enqueued needs its methods.
type UnimplementedTx struct{}

func (UnimplementedTx) implementsTx() {}

// PutBody returns [errors.ErrUnsupported].
func (UnimplementedTx) PutBody(string, string, []byte) error { return errors.ErrUnsupported }

// DeleteBody returns [errors.ErrUnsupported].
func (UnimplementedTx) DeleteBody(string, string) error { return errors.ErrUnsupported }

// GetSequence returns [errors.ErrUnsupported].
func (UnimplementedTx) GetSequence(string, string) (Sequence, bool, error) {
	return Sequence{}, false, errors.ErrUnsupported
}

// PutSequence returns [errors.ErrUnsupported].
func (UnimplementedTx) PutSequence(Sequence) error { return errors.ErrUnsupported }

// DeleteSequence returns [errors.ErrUnsupported].
func (UnimplementedTx) DeleteSequence(string, string) error { return errors.ErrUnsupported }

// NextInSequence returns [errors.ErrUnsupported].
func (UnimplementedTx) NextInSequence(string, string, uint64) (Record, bool, error) {
	return Record{}, false, errors.ErrUnsupported
}
