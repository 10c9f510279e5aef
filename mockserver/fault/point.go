package fault

// A Point is where a [Rule] applies.
type Point string

// Points. A company is that of the caller; a request is the caller's own at
// the first four, and the one that became the operation at the others.
const (
	OnAuth         Point = "auth"         // every request to the ERP, when its credentials are checked
	OnToken        Point = "token"        // a request to the token endpoint
	OnIntake       Point = "intake"       // a request that asks for the background
	OnForeground   Point = "foreground"   // one that does not, nor asks about an operation
	OnState        Point = "state"        // a poll of the state of an operation
	OnContent      Point = "content"      // a request for its content
	OnQueue        Point = "queue"        // the acceptance of an operation
	OnNotification Point = "notification" // the acceptance of one that is to be notified
)

var allPoints = []Point{OnAuth, OnToken, OnIntake, OnForeground, OnState, OnContent, OnQueue, OnNotification}
