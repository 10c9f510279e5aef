package openapi

// These are the known values of [BackgroundState.Status]. Any other value is no
// success: with a finishedUtc and a status code it names an end that nobody
// knows, else the operation is still in progress.
const (
	// StatusStarted is the status of an operation that is not done. What one that
	// waits in the queue shows is not documented.
	StatusStarted = "Started"
	// StatusFinished is the status of an operation whose endpoint was called and
	// answered, whatever it answered: see [BackgroundState.StatusCode].
	StatusFinished = "Finished"
	// StatusFailed is the status of an operation that the background processing
	// could not run: see [BackgroundState.ErrorMessage].
	StatusFailed = "Failed"
)

// These are the known values of [ActionResult.ActionResult].
const (
	// ActionQueued says that the action waits.
	ActionQueued = "Queued"
	// ActionInProcess says that the action was only started.
	ActionInProcess = "InProcess"
	// ActionFailed says that the action failed.
	ActionFailed = "Failed"
	// ActionDone says that the action is done.
	ActionDone = "Done"
)

// These are the names of the headers of the background API, in canonical form.
const (
	// HeaderBackground queues a call: "none", a URL, or "subscription" with
	// optional pairs.
	HeaderBackground = "Erp-Api-Background"
	// HeaderSignature is the signature of a notification to a subscription.
	HeaderSignature = "X-Vwd-Signature-V1"
)
