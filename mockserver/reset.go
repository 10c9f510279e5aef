package mockserver

import "context"

// Reset lets a company be as after [New], or all of them if company is empty:
// without operations, deliveries, rate limit and journal, with the first
// invoices, the rules of Config.Faults, the first ids (with Config.Seed), and
// its clock as Config.Clock winds it, not paused. Other companies notice
// nothing.
//
// Operations that run are cancelled, with [ErrReset] as the cause; Reset waits
// for their handlers, for requests that are being answered, and for nothing that
// waits for the clock. Requests of the company that come in meanwhile wait. If
// ctx ends first, the company is reset all the same, the error tells what still
// runs, and whatever that gives is discarded; what a user's handler does
// elsewhere is its own. A handler that resets its own company with its
// request's context gets [ErrOwnCompany], and nothing is reset. [Server.Close]
// cuts Reset off as ctx does; after it the error is [ErrClosed].
//
// With a shared queue the company's part of it is emptied; of other servers
// nothing else is reset, and what they are running of the company is discarded
// when it ends.
func (s *Server) Reset(ctx context.Context, company string) error {
	wiped := false
	err := s.clocks.Reset(ctx, company, s.runner.Taking(), func(ctx context.Context) error {
		wiped = true
		return s.wipe(ctx, company)
	})
	if wiped {
		s.runner.Look(nil) // there may be room now for others
	}
	return err
}

// wipe forgets what there is of a company, in which nothing happens now.
func (s *Server) wipe(ctx context.Context, company string) error {
	err := s.runner.Reset(ctx, company)
	s.notifier.Reset(company)
	s.erp.Reset(company)
	s.ids.Reset(func(name string) bool { return company == "" || name == company })
	s.limits.Reset(company)
	s.faults.Reset(company)
	s.journal.Reset(company)
	return err
}
