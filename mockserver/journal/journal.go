// Package journal tells in one sequence what happened on a mock.
package journal

// A Filter says which entries are meant; an empty field means all.
type Filter struct {
	Company     string
	Kind        Kind
	OperationID string
}

func (f Filter) fits(e *Entry) bool {
	return (f.Company == "" || f.Company == e.Company) && (f.Kind == "" || f.Kind == e.Kind) &&
		(f.OperationID == "" || f.OperationID == e.OperationID)
}

// A Journal is what happened on a server, or a part of that, in one sequence.
// It does not contain what is asked of /__mock/. It is safe for concurrent use.
type Journal struct {
	all    *Recorder
	filter Filter
}

// Select returns the part of the journal that f names.
func (j *Journal) Select(f Filter) *Journal { return &Journal{j.all, f} }

// Entries lists what happened, oldest first.
func (j *Journal) Entries() []Entry {
	j.all.mu.Lock()
	defer j.all.mu.Unlock()
	var list []Entry
	for _, e := range j.all.entries {
		if j.filter.fits(e) {
			list = append(list, e.copy())
		}
	}
	return list
}

// Requests lists the requests of a company, of all companies if that is empty,
// oldest first.
func (j *Journal) Requests(company string) []Request {
	f := j.filter
	f.Kind = KindRequest
	if company != "" {
		f.Company = company
	}
	var list []Request
	for _, e := range j.Select(f).Entries() {
		if j.filter.fits(&e) {
			list = append(list, *e.Request)
		}
	}
	return list
}

// Since lists what happened after the entry with the number seq, oldest first
// and at most so many, and returns the number to go on from. Lost is how
// many entries after seq, of all companies, were forgotten before for lack of room.
// What is listed shares headers and bodies with the journal: they must not be changed.
func (j *Journal) Since(seq int64, most int) (list []Entry, next, lost int64) {
	j.all.mu.Lock()
	defer j.all.mu.Unlock()
	lost = max(0, j.all.lost-seq)
	next = seq
	for _, e := range j.all.entries[j.all.place(seq):] {
		if len(list) == most {
			return list, next, lost
		}
		if next = e.Seq; j.filter.fits(e) {
			list = append(list, e.shallow())
		}
	}
	return list, next, lost
}

// Find returns the entry with the number seq, and whether it is there.
func (j *Journal) Find(seq int64) (Entry, bool) {
	j.all.mu.Lock()
	defer j.all.mu.Unlock()
	i := j.all.place(seq - 1)
	if i == len(j.all.entries) || j.all.entries[i].Seq != seq || !j.filter.fits(j.all.entries[i]) {
		return Entry{}, false
	}
	return j.all.entries[i].copy(), true
}

// Last is the number of the latest entry ever made, 0 if there was none.
func (j *Journal) Last() int64 {
	j.all.mu.Lock()
	defer j.all.mu.Unlock()
	return j.all.seq
}

// Changed returns a channel that is closed when something happens next, also to
// what has an entry already.
func (j *Journal) Changed() <-chan struct{} {
	j.all.mu.Lock()
	defer j.all.mu.Unlock()
	if j.all.changed == nil {
		j.all.changed = make(chan struct{})
	}
	return j.all.changed
}

// Forgotten is how many entries, of all kinds and companies, were forgotten
// because the budget of bytes was used up.
func (j *Journal) Forgotten() int {
	j.all.mu.Lock()
	defer j.all.mu.Unlock()
	return j.all.forgotten
}
