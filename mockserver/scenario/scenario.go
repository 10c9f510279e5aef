package scenario

import (
	"time"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/operation"
)

// A Scenario is a mock, what is done with it, and what has to be true in the end.
type Scenario struct {
	// Name is that of its file, without the ending.
	Name string `yaml:"-"`

	// About says in a sentence or two what it shows.
	About string `yaml:"about,required"`

	// Seed makes ids and chances. Default: 1.
	Seed uint64 `yaml:"seed"`

	// Start is the time at which the clocks of all companies stand at first.
	// Default: 2026-01-31T08:00:00Z.
	Start time.Time `yaml:"start"`

	// Company is that of steps which name none. Default: "1000001".
	Company string `yaml:"company"`

	// Auth is what is demanded of tokens. Default: nothing.
	Auth Auth `yaml:"auth"`

	// ExecTime is how long operations take: a duration, {min, max},
	// {median, p95, max}, or a list with the time of each in the order in which they
	// are accepted, of which the last is that of all further ones. Default: 20ms.
	ExecTime ExecTime `yaml:"execTime"`

	// Workers is how many operations of a company run at a time. Default: 1.
	Workers int `yaml:"workers"`

	// Retention is how long a result is kept. Default: 24h.
	Retention time.Duration `yaml:"retention"`

	// URLRetry is how often and how soon the URL in a background header is
	// notified.
	URLRetry Retry `yaml:"urlRetry"`

	// Company-wide settings, for all companies that have none of their own.
	Settings `yaml:",inline"`

	// Companies have settings of their own.
	Companies map[string]Settings `yaml:"companies"`

	// Endpoints answer for paths that the built-in ERP does not know.
	Endpoints []Endpoint `yaml:"endpoints"`

	// Faults are the rules by which answers, operations and notifications are
	// disturbed, as docs/faults.md has them.
	Faults Faults `yaml:"faults"`

	// Hook says how the webhook receiver answers.
	Hook HookAnswers `yaml:"hook"`

	// Steps are done one after the other.
	Steps []Step `yaml:"steps"`

	// Verify is what has to be true after the last step.
	Verify []Check `yaml:"verify"`
}

// Settings are what a company can have of its own.
type Settings struct {
	// Profile turns switches of package profile by their names, and names one of
	// its profiles as the base: {base: legacy-2022, UnsetTime: zero}.
	Profile Profile `yaml:"profile"`

	// RateLimit bounds the calls.
	RateLimit RateLimit `yaml:"rateLimit"`

	// Subscription is the webhook subscription; the receiver is always the hook.
	Subscription Subscription `yaml:"subscription"`
}

// Profile is a profile as it is written: the base and the switches, as JSON.
type Profile struct {
	Base     string
	Switches []byte
}

// Auth is what is demanded of tokens, as mockserver.Auth has it.
type Auth struct {
	// Mode is "any" or "strict". Default: nothing is demanded.
	Mode string `yaml:"mode" enum:"any,strict"`
	// TokenLife is how long a token of the token endpoint is good. Default: 1h.
	TokenLife time.Duration `yaml:"tokenLife"`
	// Clients are the applications that may get a token, with their secrets.
	Clients map[string]string `yaml:"clients"`
}

// ExecTime is how long operations take.
type ExecTime struct {
	// Fixed is always the same.
	Fixed time.Duration `yaml:"-"`
	// Each is that of each operation.
	Each []time.Duration `yaml:"-"`
	// Min and Max bound times that are spread evenly.
	Min time.Duration `yaml:"min"`
	// Max also bounds those that are spread around Median.
	Max time.Duration `yaml:"max"`
	// Median is what half of the times are below.
	Median time.Duration `yaml:"median"`
	// P95 is what 95 % of the times do not exceed.
	P95 time.Duration `yaml:"p95"`
}

// Retry is how often and how soon a notification is tried, as mockserver.Retry
// has it.
type Retry struct {
	// Attempts is how many are made at most.
	Attempts int `yaml:"attempts"`
	// Interval is the time before the second, doubled for each further one.
	Interval time.Duration `yaml:"interval"`
	// MaxInterval bounds it.
	MaxInterval time.Duration `yaml:"maxInterval"`
}

// RateLimit bounds calls, as mockserver.RateLimit does.
type RateLimit struct {
	// Limit is how many calls there may be in a window.
	Limit int `yaml:"limit"`
	// Window is its length. Default: 1h.
	Window time.Duration `yaml:"window"`
	// Policy is the name that the answers show.
	Policy string `yaml:"policy"`
	// Block is how long a company is refused that made one call too many.
	Block time.Duration `yaml:"block"`
	// Same bounds how often equal requests are made.
	Same SameRequests `yaml:"same"`
}

// SameRequests bounds equal requests, as mockserver.SameRequests does.
type SameRequests struct {
	// Calls is how many there may be in Window.
	Calls int `yaml:"calls"`
	// Window is its length. Default: 1m.
	Window time.Duration `yaml:"window"`
	// Failed is how many there may be in FailedWindow that are answered 400 or more.
	Failed int `yaml:"failed"`
	// FailedWindow is its length. Default: 5m.
	FailedWindow time.Duration `yaml:"failedWindow"`
	// PathOnly says that all requests for one path are equal.
	PathOnly bool `yaml:"pathOnly"`
}

// Subscription identifies a webhook subscription, as mockserver.Subscription
// does.
type Subscription struct {
	// SigningKey is what notifications are signed with. Default: they are not.
	SigningKey string `yaml:"signingKey"`
	// ID is x-vwd-subscription-id.
	ID string `yaml:"id"`
	// TenantID is x-vwd-tenant-id.
	TenantID string `yaml:"tenantId"`
	// Retry is how often and how soon a notification is tried.
	Retry Retry `yaml:"retry"`
}

// An Endpoint is an answer that is always the same, in the background too.
type Endpoint struct {
	// Method is that of the call.
	Method string `yaml:"method,required"`
	// Path is a pattern as for http.ServeMux, without a method.
	Path string `yaml:"path,required"`
	// Status is that of the answer. Default: 200.
	Status int `yaml:"status"`
	// Header is that of the answer.
	Header map[string]string `yaml:"header"`
	// Body is JSON, or a text that is sent as it stands.
	Body any `yaml:"body"`
	// Takes is how long the endpoint takes, on top of ExecTime.
	Takes time.Duration `yaml:"takes"`
}

// Faults are rules of package fault.
type Faults []fault.Rule

// HookAnswers say how the webhook receiver answers.
type HookAnswers struct {
	// Answers are the statuses of its next answers; those after them are 200.
	Answers []int `yaml:"answers"`
}

// A Step does one thing.
type Step struct {
	// At is how long after the start it is done, at the earliest: the clock is
	// moved there before.
	At time.Duration `yaml:"at"`
	// Company is whose credentials are used, and whose clock is moved.
	Company string `yaml:"company"`

	// Submit makes a call that asks for the background.
	Submit *Submit `yaml:"submit" one:"step"`
	// Call makes any other call.
	Call *Call `yaml:"call" one:"step"`
	// State asks for the state of an operation.
	State *Read `yaml:"state" one:"step"`
	// Content asks for the content of an operation.
	Content *Read `yaml:"content" one:"step"`
	// Wait moves the clock until an operation has ended.
	Wait *Wait `yaml:"wait" one:"step"`
	// Notified moves the clock until a notification has arrived.
	Notified *Notified `yaml:"notified" one:"step"`
	// Advance moves the clock.
	Advance *time.Duration `yaml:"advance" one:"step"`
	// Expire ends the retention of an operation.
	Expire *string `yaml:"expire" one:"step"`
	// Redeliver sends the notification of an operation once more.
	Redeliver *string `yaml:"redeliver" one:"step"`
	// Hook says how the webhook receiver answers from now on.
	Hook *HookAnswers `yaml:"hook" one:"step"`
	// Queue pauses or resumes the company's queue, or starts what is next in it.
	Queue *string `yaml:"queue" one:"step" enum:"pause,resume,next"`
}

// A Submit is a call that asks for the background.
type Submit struct {
	// As is the name by which later steps mean the operation.
	As string `yaml:"as"`
	// Method is that of the call. Default: GET.
	Method string `yaml:"method"`
	// Path is below the API's root, with the query.
	Path string `yaml:"path,required"`
	// Background is the value of the header. Default: none.
	Background string `yaml:"background"`
	// Header is added to the call.
	Header map[string]string `yaml:"header"`
	// Body is JSON, or a text that is sent as it stands.
	Body any `yaml:"body"`
	// Expect is what the answer has to be. Its status is 202 unless it says so.
	Expect Answer `yaml:"expect"`
}

// A Call is any other call.
type Call struct {
	// As is the name by which later steps mean the answer.
	As string `yaml:"as"`
	// Method is that of the call. Default: GET.
	Method string `yaml:"method"`
	// Path is below the API's root, with the query.
	Path string `yaml:"path,required"`
	// Header is added to the call.
	Header map[string]string `yaml:"header"`
	// Body is JSON, or a text that is sent as it stands.
	Body any `yaml:"body"`
	// Expect is what the answer has to be. Its status is a 2xx unless it says so.
	Expect Answer `yaml:"expect"`
}

// A Read asks for the state or the content of an operation.
type Read struct {
	// Of is the operation's name.
	Of string `yaml:"of,required"`
	// As is the name by which later steps mean the answer.
	As string `yaml:"as"`
	// Header is added to the call.
	Header map[string]string `yaml:"header"`
	// Expect is what the answer has to be. Its status is 200 unless it says so.
	Expect Answer `yaml:"expect"`
}

// An Answer is what an answer has to be.
type Answer struct {
	// Status is its status.
	Status int `yaml:"status"`
	// Broken wants the connection to break before the end of the answer.
	Broken bool `yaml:"broken"`
	// Header has these fields, among others; "*" is any value.
	Header map[string]string `yaml:"header"`
	// Body has these fields, among others; an array has all elements.
	Body any `yaml:"body"`
}

// A Wait moves the clock until an operation has ended.
type Wait struct {
	// Of is the operation's name.
	Of string `yaml:"of,required"`
	// State is how it has to have ended.
	State operation.State `yaml:"state" enum:"Finished,Failed"`
	// StatusCode is what its endpoint has to have answered.
	StatusCode int `yaml:"statusCode"`
	// Within bounds the time. Default: 1h.
	Within time.Duration `yaml:"within"`
}

// Notified moves the clock until the hook has been sent the notifications of an
// operation.
type Notified struct {
	// Of is the operation's name.
	Of string `yaml:"of,required"`
	// Times is how many have to have come, exactly. Default: 1.
	Times *int `yaml:"times"`
	// State is that of the delivery then.
	State operation.DeliveryState `yaml:"state" enum:"Waiting,Delivered,Dead,Dropped"`
	// Signed is whether the last one has a signature that is good.
	Signed *bool `yaml:"signed"`
	// Header is what the last one has, among others.
	Header map[string]string `yaml:"header"`
	// Body is what its body has, among others.
	Body any `yaml:"body"`
	// Within bounds the time. Default: 1h.
	Within time.Duration `yaml:"within"`
}

// A Check is something that has to be true.
type Check struct {
	// Request is wanted to have come.
	Request *Request `yaml:"request" one:"check"`
	// Operation is wanted to be there.
	Operation *Operation `yaml:"operation" one:"check"`
	// Delivery is wanted to have been made.
	Delivery *Delivery `yaml:"delivery" one:"check"`
	// Fault is wanted to have hit.
	Fault *Fault `yaml:"fault" one:"check"`

	// Times is how often, exactly.
	Times *int `yaml:"times"`
	// AtLeast is how often at least. Default: 1.
	AtLeast *int `yaml:"atLeast"`
	// AtMost is how often at most.
	AtMost *int `yaml:"atMost"`
}

// A Request says which requests are meant, as mockservertest.Request does.
type Request struct {
	// Company is the caller's.
	Company string `yaml:"company"`
	// Method is that of the call.
	Method string `yaml:"method"`
	// Path is a pattern, without a query; polls and calls for a token are meant
	// only if it names them.
	Path string `yaml:"path"`
	// Query has these parameters, among others.
	Query map[string]string `yaml:"query"`
	// Header has these fields, among others.
	Header map[string]string `yaml:"header"`
	// Background is the value of the header.
	Background string `yaml:"background"`
	// Body has these fields, among others.
	Body any `yaml:"body"`
	// StatusCode is that of the answer.
	StatusCode int `yaml:"statusCode"`
}

// An Operation says which operations are meant.
type Operation struct {
	// Of is the operation's name.
	Of string `yaml:"of"`
	// Company is its company.
	Company string `yaml:"company"`
	// Method is that of the call.
	Method string `yaml:"method"`
	// Path is a pattern, without a query.
	Path string `yaml:"path"`
	// State is how far it is.
	State operation.State `yaml:"state" enum:"Queued,Running,Finished,Failed,Expired"`
	// StatusCode is what its endpoint answered.
	StatusCode int `yaml:"statusCode"`
}

// A Delivery says which notifications are meant.
type Delivery struct {
	// Of is the operation's name.
	Of string `yaml:"of"`
	// Company is its company.
	Company string `yaml:"company"`
	// Method is that of the operation's call.
	Method string `yaml:"method"`
	// Path is a pattern for that call's, without a query.
	Path string `yaml:"path"`
	// Mode is how it was asked for.
	Mode string `yaml:"mode" enum:"url,subscription"`
	// State is how far it is.
	State operation.DeliveryState `yaml:"state" enum:"Waiting,Delivered,Dead,Dropped"`
	// Attempts is how many were made.
	Attempts int `yaml:"attempts"`
	// Header is that of the last attempt, among others.
	Header map[string]string `yaml:"header"`
	// Body has these fields, among others.
	Body any `yaml:"body"`
}

// A Fault says which hits are meant.
type Fault struct {
	// Rule is the rule's name.
	Rule string `yaml:"rule,required"`
	// Company is whose calls were hit. Default: anybody's.
	Company string `yaml:"company"`
}
