package mockserver_test

import (
	"errors"
	"testing"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
)

func isUnclear(u *undertaking) bool {
	_, ok := errors.AsType[*client.UnclearError](u.err)
	return ok
}

// checkUnclear wants the right result of an operation whose end the client did
// not understand, and that its states were disturbed: a word that is none, for
// ten minutes.
func checkUnclear(t *testing.T, srv *mockserver.Server, u *undertaking) {
	t.Helper()
	if u.res == nil {
		t.Errorf("%d: unclear, without a result", u.n)
		return
	}
	checkResult(t, srv, u)
	if !disturbed(srv, u.res.ID) {
		t.Errorf("%d: unclear, though no state of %s was disturbed", u.n, u.res.ID)
	}
}
