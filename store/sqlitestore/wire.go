package sqlitestore

import (
	"encoding/base64"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/vismanet-go/background/store"
)

// document is a record as it stands in the column doc. Its names are part of
// the schema, and so is their order, in which [fields] writes and reads them;
// package encoding/json reads what has another form. Kept content is not in
// it.
type document struct {
	Tenant        string            `json:"tenant,omitempty"`
	Ref           string            `json:"ref"`
	Phase         store.Phase       `json:"phase"`
	ID            string            `json:"id,omitempty"`
	IDSource      store.Source      `json:"idSource,omitempty"`
	OtherIDs      []string          `json:"otherIds,omitempty"`
	Candidates    []string          `json:"candidates,omitempty"`
	Key           string            `json:"key,omitempty"`
	KeyReleased   bool              `json:"keyReleased,omitempty"`
	Supersedes    string            `json:"supersedes,omitempty"`
	Fingerprint   string            `json:"fingerprint,omitempty"`
	Kind          string            `json:"kind,omitempty"`
	Verifier      string            `json:"verifier,omitempty"`
	Method        string            `json:"method,omitempty"`
	Path          string            `json:"path,omitempty"`
	Origin        string            `json:"origin,omitempty"`
	Notify        string            `json:"notify,omitempty"`
	Link          string            `json:"link,omitempty"`
	Metadata      map[string]string `json:"metadata,omitempty"`
	Due           time.Time         `json:"due,omitzero"`
	Polls         int               `json:"polls,omitempty"`
	PolledAt      time.Time         `json:"polledAt,omitzero"`
	Progress      progress          `json:"progress,omitzero"`
	Attempts      int               `json:"attempts,omitempty"`
	RunEpoch      uint64            `json:"runEpoch,omitempty"`
	Lease         lease             `json:"lease,omitzero"`
	SendEpoch     uint64            `json:"sendEpoch,omitempty"`
	Notification  *notification     `json:"notification,omitempty"`
	Notifications int               `json:"notifications,omitempty"`
	Duplicates    int               `json:"duplicates,omitempty"`
	Conflict      *conflict         `json:"conflict,omitempty"`
	Conflicts     int               `json:"conflicts,omitempty"`
	Outcome       *outcome          `json:"outcome,omitempty"`
	Reason        string            `json:"reason,omitempty"`
	Late          bool              `json:"late,omitempty"`
	CreatedAt     time.Time         `json:"createdAt,omitzero"`
	SentAt        time.Time         `json:"sentAt,omitzero"`
	AcceptedAt    time.Time         `json:"acceptedAt,omitzero"`
	SettledAt     time.Time         `json:"settledAt,omitzero"`
	EndedAt       time.Time         `json:"endedAt,omitzero"`
	UpdatedAt     time.Time         `json:"updatedAt,omitzero"`
}

type progress struct {
	Status        string    `json:"status,omitempty"`
	StatusCode    int       `json:"statusCode,omitempty"`
	Location      string    `json:"location,omitempty"`
	SeenAt        time.Time `json:"seenAt,omitzero"`
	Missing       bool      `json:"missing,omitempty"`
	MissingSince  time.Time `json:"missingSince,omitzero"`
	Missings      int       `json:"missings,omitempty"`
	RefusedSince  time.Time `json:"refusedSince,omitzero"`
	RefusedStatus int       `json:"refusedStatus,omitempty"`
	ReceivedAt    time.Time `json:"receivedAt,omitzero"`
	StartedAt     time.Time `json:"startedAt,omitzero"`
	EndSeen       time.Time `json:"endSeen,omitzero"`
}

type lease struct {
	Owner string        `json:"owner,omitempty"`
	Epoch uint64        `json:"epoch,omitempty"`
	Until time.Time     `json:"until,omitzero"`
	TTL   time.Duration `json:"ttl,omitempty"` // ns
}

type notification struct {
	Tenant         string            `json:"tenant,omitempty"`
	Ref            string            `json:"ref,omitempty"`
	ID             string            `json:"id,omitempty"`
	NotificationID string            `json:"notificationId,omitempty"`
	StatusCode     int               `json:"statusCode,omitempty"`
	Mode           string            `json:"mode,omitempty"`
	Unparsed       bool              `json:"unparsed,omitempty"`
	Header         map[string]string `json:"header,omitempty"`
	Body           string            `json:"body,omitempty"`
	ReceivedAt     time.Time         `json:"receivedAt,omitzero"`
}

type conflict struct {
	At     time.Time `json:"at,omitzero"`
	Reason string    `json:"reason,omitempty"`
	ID     string    `json:"id,omitempty"`
	Body   string    `json:"body,omitempty"`
}

type outcome struct {
	Status       string              `json:"status,omitempty"`
	Foreground   bool                `json:"foreground,omitempty"`
	StatusCode   int                 `json:"statusCode,omitempty"`
	Header       map[string][]string `json:"header,omitempty"`
	ErrorMessage string              `json:"errorMessage,omitempty"`
	Failure      string              `json:"failure,omitempty"`
	Unconfirmed  bool                `json:"unconfirmed,omitempty"`
	Told         string              `json:"told,omitempty"`
	HasContent   bool                `json:"hasContent,omitempty"`
	Kept         bool                `json:"kept,omitempty"`
	ContentSize  int                 `json:"contentSize,omitempty"`
	ContentType  string              `json:"contentType,omitempty"`
	Confirmed    bool                `json:"confirmed,omitempty"`
	Refuted      string              `json:"refuted,omitempty"`
	ReceivedAt   time.Time           `json:"receivedAt,omitzero"`
	StartedAt    time.Time           `json:"startedAt,omitzero"`
	FinishedAt   time.Time           `json:"finishedAt,omitzero"`
}

// armour makes any bytes survive JSON, which knows only valid UTF-8. Strings
// that are valid, which is nearly all, stay as they are and readable.
func armour(s string) string {
	if utf8.ValidString(s) && !strings.HasPrefix(s, "\x00") {
		return s
	}
	return "\x00" + base64.StdEncoding.EncodeToString([]byte(s))
}

func bare(s string) string {
	rest, armoured := strings.CutPrefix(s, "\x00")
	if !armoured {
		return s
	}
	b, err := base64.StdEncoding.DecodeString(rest)
	if err != nil {
		return s
	}
	return string(b)
}

func bareBytes(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(bare(s))
}

// mapped applies f to the keys and values.
func mapped(m map[string]string, f func(string) string) map[string]string {
	if m == nil {
		return nil
	}
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[f(k)] = f(v)
	}
	return out
}

func mappedList(l []string, f func(string) string) []string {
	if l == nil {
		return nil
	}
	out := make([]string, len(l))
	for i, v := range l {
		out[i] = f(v)
	}
	return out
}

func mappedHeader(h map[string][]string, f func(string) string) map[string][]string {
	if h == nil {
		return nil
	}
	out := make(map[string][]string, len(h))
	for k, v := range h {
		out[f(k)] = mappedList(v, f)
	}
	return out
}
