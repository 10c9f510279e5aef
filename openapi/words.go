package openapi

// Known values of [BackgroundState.Status]. Any other value means that the
// operation is still in progress.
const (
	// StatusStarted is an operation that is not done. What one shows that waits
	// in the queue is not documented.
	StatusStarted = "Started"
	// StatusFinished is an operation that was called and answered, whatever it
	// answered: see [BackgroundState.StatusCode].
	StatusFinished = "Finished"
	// StatusFailed is an operation that the background processing could not run:
	// see [BackgroundState.ErrorMessage].
	StatusFailed = "Failed"
)

// Known values of [ActionResult.ActionResult].
const (
	// ActionQueued is an action that waits.
	ActionQueued = "Queued"
	// ActionInProcess is an action that was only started.
	ActionInProcess = "InProcess"
	// ActionFailed is an action that failed.
	ActionFailed = "Failed"
	// ActionDone is an action that is done.
	ActionDone = "Done"
)

// Names of the headers of the background API, in canonical form.
const (
	// HeaderBackground queues a call: "none", a URL, or "subscription" with
	// optional pairs.
	HeaderBackground = "Erp-Api-Background"
	// HeaderSignature is the signature of a notification to a subscription.
	HeaderSignature = "X-Vwd-Signature-V1"
)
