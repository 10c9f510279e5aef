package profile

// TimeFormat is a notation for times.
type TimeFormat string

// These are the notations for times. The fraction has up to three digits; zeros
// at its end are left out.
const (
	TimeOffset TimeFormat = ""       // 2022-11-10T10:20:53.75+01:00
	TimeUTC    TimeFormat = "utc"    // 2022-11-10T09:20:53.75Z
	TimeNoZone TimeFormat = "nozone" // 2022-11-10T10:20:53.75
)

// UnsetTime is the form of a time that has not come yet.
type UnsetTime string

// These are the forms of a time that has not come yet.
const (
	UnsetNull    UnsetTime = ""        // null
	UnsetZero    UnsetTime = "zero"    // 0001-01-01T00:00:00
	UnsetOmitted UnsetTime = "omitted" // the field is left out
)

// NotificationShape is the shape of a notification's body.
type NotificationShape string

// These are the shapes of a notification's body.
const (
	NotificationCamel  NotificationShape = ""       // {"id":…,"statusCode":…,"stateLocation":…,"contentLocation":…}
	NotificationPascal NotificationShape = "pascal" // the same with Id, StatusCode, …
	NotificationState  NotificationShape = "state"  // the whole state document
)

// ContentLocationRule says when there is a contentLocation.
type ContentLocationRule string

// These are the rules for contentLocation.
const (
	ContentLocationNull    ContentLocationRule = ""        // null without content
	ContentLocationOmitted ContentLocationRule = "omitted" // left out without content
	ContentLocationNever   ContentLocationRule = "never"   // always left out
	ContentLocationAlways  ContentLocationRule = "always"  // there without content too
)

// PairRules settle what is not known of the grammar of the header value
// "subscription:name=value,...". The zero value trims blanks around names and
// values, takes every other character of a value as it is, sends empty values
// and all values of a repeated name, and refuses reserved names.
type PairRules struct {
	// Percent decodes %2C and the like in values.
	Percent bool
	// KeepBlanks leaves blanks around a value where they are.
	KeepBlanks bool
	// RefuseEmpty refuses a pair without a value.
	RefuseEmpty bool
	// DropReserved ignores a pair with a reserved name instead of refusing it.
	DropReserved bool
	// Repeated is what becomes of a name that comes twice.
	Repeated RepeatedPair
}

// RepeatedPair is what becomes of a name that comes twice.
type RepeatedPair string

// These are the ways to treat a name that comes twice.
const (
	RepeatedAll    RepeatedPair = ""       // each value is a header line of its own
	RepeatedFirst  RepeatedPair = "first"  // the first value counts
	RepeatedLast   RepeatedPair = "last"   // the last value counts
	RepeatedRefuse RepeatedPair = "refuse" // the request is refused
)
