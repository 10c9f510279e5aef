package run

import (
	"maps"
)

// pauses says which companies are paused. A value is not changed once it is in
// use.
type pauses struct {
	all    bool
	except map[string]bool // companies of which it is not as all says
}

func (p pauses) none() bool { return !p.all && len(p.except) == 0 }

func (p pauses) has(company string) bool { return p.all != p.except[company] }

// set pauses or resumes a company, or all.
func (p *pauses) set(company string, paused bool) {
	if company == "" {
		*p = pauses{all: paused}
		return
	}
	except := maps.Clone(p.except)
	if except == nil {
		except = make(map[string]bool)
	}
	delete(except, company)
	if p.all != paused {
		except[company] = true
	}
	p.except = except
}

// isPaused reports whether nothing of a company may start.
func (q *Runner) isPaused(company string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.paused.has(company)
}
