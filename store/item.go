package store

// Item is one thing that a store holds, on its way into another store: see
// [Rules.Import]. One of the first four pointers is set.
type Item struct {
	// Record is an operation or a delivery as it is stored, with its kept content.
	Record    *Record
	Tombstone *Tombstone
	Sequence  *Sequence // without its Head
	Document  *Document

	// Body is that of a Record whose HasBody is true.
	Body []byte
	// Again says that the Record was moved before. One that leaves nothing behind
	// when it is removed, a delivery or an unmatched one, is then not made anew.
	Again bool
	// Gone says that the Record was moved before and is no longer there: it is
	// removed unless it was changed after its UpdatedAt.
	Gone bool
}

// Size is about how many bytes it has.
func (it Item) Size() int {
	n := 1000 + len(it.Body)
	if it.Record != nil && it.Record.Outcome != nil {
		n += len(it.Record.Outcome.Content)
	}
	if it.Record != nil && it.Record.Notification != nil {
		n += len(it.Record.Notification.Body)
	}
	if it.Document != nil {
		n += len(it.Document.Body)
	}
	return n
}

// Name says what it is, for people.
func (it Item) Name() string {
	switch {
	case it.Record != nil:
		return "record " + it.Record.Ref + " of tenant " + it.Record.Tenant
	case it.Tombstone != nil:
		return "purged record " + it.Tombstone.Ref + " of tenant " + it.Tombstone.Tenant
	case it.Sequence != nil:
		return "sequence " + it.Sequence.Name + " of tenant " + it.Sequence.Tenant
	case it.Document != nil:
		return "document " + it.Document.Name + " of tenant " + it.Document.Tenant
	}
	return "nothing"
}

// Imported is what became of an [Item].
type Imported struct {
	Result ImportResult
	Why    string // of what is kept or refused
}

// ImportResult is what an import did.
type ImportResult string

// The results of an import.
const (
	ImportAdded   ImportResult = "added"
	ImportUpdated ImportResult = "updated" // what was there was older
	ImportSame    ImportResult = "same"    // it is there
	ImportRemoved ImportResult = "removed" // see [Item].Gone
	// ImportKept says that what is there has come further.
	ImportKept ImportResult = "kept"
	// ImportRefused says that something else stands in the way: a person has to see
	// which of the two is to stay.
	ImportRefused ImportResult = "refused"
)
