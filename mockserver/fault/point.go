package fault

// A Point is where a [Rule] applies.
type Point string

// These are the points. An event has the company of the caller. At the first
// four its method and path are those of the caller's request, at the others
// those of the request that became the operation.
const (
	OnAuth         Point = "auth"         // every request to the ERP, when its credentials are checked
	OnToken        Point = "token"        // a request to the token endpoint
	OnIntake       Point = "intake"       // a request that asks for the background
	OnForeground   Point = "foreground"   // a request that does not, and does not ask about an operation either
	OnState        Point = "state"        // a poll of the state of an operation
	OnContent      Point = "content"      // a request for the content of an operation
	OnQueue        Point = "queue"        // the acceptance of an operation
	OnNotification Point = "notification" // the acceptance of one that is to be notified
)

var allPoints = []Point{OnAuth, OnToken, OnIntake, OnForeground, OnState, OnContent, OnQueue, OnNotification}
