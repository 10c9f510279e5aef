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

// Forgotten is how many entries, of all kinds and companies, were forgotten
// because the budget of bytes was used up.
func (j *Journal) Forgotten() int {
	j.all.mu.Lock()
	defer j.all.mu.Unlock()
	return j.all.forgotten
}
