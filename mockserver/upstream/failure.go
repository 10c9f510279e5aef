package upstream

import (
	"errors"
	"fmt"
	"net/http"
)

// refuseWith answers for a call that is not passed on.
func refuseWith(w http.ResponseWriter, err error) {
	status := http.StatusBadGateway
	if r, ok := errors.AsType[*refusal](err); ok {
		status = r.status
	}
	refuse(w, status, err.Error())
}

// statusOf is how a call without an answer is answered.
func statusOf(err error) int {
	if isTimeout(err) {
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}

// reason says why a call has no answer, and whether it may have been carried out.
func reason(err error) string {
	if _, ok := errors.AsType[*unstorable](err); ok {
		return err.Error()
	}
	e, ok := errors.AsType[*unanswered](err)
	switch {
	case ok && isMissing(err):
		return "The cassette " + err.Error() + "."
	case ok && e.notSent:
		return fmt.Sprintf("The upstream could not be reached: %v. Nothing was sent.", err)
	case isTimeout(err):
		return fmt.Sprintf("The upstream did not answer in time: %v. %s", err, unknown)
	}
	return fmt.Sprintf("The upstream did not answer: %v. %s", err, unknown)
}

// unknown ends what is told of a call whose end nobody knows.
const unknown = "It is not known whether it carried the call out."
