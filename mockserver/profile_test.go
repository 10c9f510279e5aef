package mockserver_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/profile"
)

// A profileCase is a switch of the profile, turned, and what can be seen of it
// on the wire.
type profileCase struct {
	name    string
	profile profile.Profile
	read    func(h *harness) string
	want    string
}

// The first operations of seed 1.
const (
	firstID  = "53f3403c-b521-4ff8-8ff6-d775ee363104"
	secondID = "9e24ff34-4f98-4fc6-af4a-6ac5f624ccc7"
)

// Each switch makes the difference that it is there for: what is read is not
// the same without it.
func TestProfileSwitches(t *testing.T) {
	for _, tt := range slices.Concat(stateCases(), notifyCases(), acceptCases(), answerCases()) {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if got := tt.read(startProfile(t, tt.profile)); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
			})
			if reflect.ValueOf(tt.profile).IsZero() {
				return
			}
			synctest.Test(t, func(t *testing.T) {
				if got := tt.read(startProfile(t, profile.Profile{})); got == tt.want {
					t.Errorf("got %s without the switch too", got)
				}
			})
		})
	}
}

// startProfile is a mock with a profile and some endpoints to use it on.
func startProfile(t *testing.T, p profile.Profile) *harness {
	h := start(t, mockserver.Config{
		Profile:      p,
		Subscription: mockserver.Subscription{URL: "http://hook.test/", SigningKey: "the key"},
		RateLimit:    mockserver.RateLimit{Limit: 100},
	})
	h.profile = p
	h.Handle("/v1/echo", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Own", "1")
		_, _ = io.Copy(w, io.MultiReader(strings.NewReader("echo "), r.Body))
	}))
	h.Handle("/v1/empty", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }))
	h.Handle("/v1/slow", slowHandler(5*time.Minute))
	h.Handle("/v1/panics", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") }))
	return h
}

// Every switch has a case above and a row in the reference of the package.
func TestNoSwitchIsForgotten(t *testing.T) {
	turned := make(map[string]bool)
	for _, tt := range slices.Concat(stateCases(), notifyCases(), acceptCases(), answerCases()) {
		eachSwitch("", reflect.ValueOf(tt.profile), func(name string, v reflect.Value) { turned[name] = turned[name] || !v.IsZero() })
	}
	reference, err := os.ReadFile("profile/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	eachSwitch("", reflect.ValueOf(profile.Profile{}), func(name string, _ reflect.Value) {
		if !turned[name] {
			t.Errorf("no test turns %s", name)
		}
		if !strings.Contains(string(reference), "//\t"+name+" ") {
			t.Errorf("no row for %s in profile/doc.go", name)
		}
	})
}

func eachSwitch(prefix string, v reflect.Value, f func(name string, v reflect.Value)) {
	for i := range v.NumField() {
		name, field := prefix+v.Type().Field(i).Name, v.Field(i)
		if field.Type() == reflect.TypeFor[profile.PairRules]() {
			eachSwitch(name+".", field, f)
			continue
		}
		f(name, field)
	}
}

// field reads a field of a state document: of a first operation that has
// ended, of a second one that waits behind another, or of one that panics.
func field(name, which string) func(*harness) string {
	return func(h *harness) string {
		var doc map[string]any
		switch which {
		case "first":
			id := h.submit("subscription", "GET", "/v1/echo", "")
			time.Sleep(time.Second)
			doc = h.state(id)
		case "running":
			id := h.submit("none", "GET", "/v1/slow", "")
			time.Sleep(time.Second)
			doc = h.state(id)
		case "second":
			h.submit("none", "GET", "/v1/echo", "")
			doc = h.state(h.submit("none", "GET", "/v1/echo", ""))
		default:
			doc = h.finish("GET", "/v1/panics", "")
		}
		v, ok := doc[name]
		if !ok {
			return "(absent)"
		}
		return fmt.Sprint(v)
	}
}

// notification is the body of an operation's notification, or the state of a
// delivery that was not made.
func notification(path string) func(*harness) string {
	return func(h *harness) string {
		h.submit("http://hook.test/", "GET", path, "")
		time.Sleep(time.Second)
		if got := h.hook.all(); len(got) > 0 {
			return got[0].body
		}
		return string(h.Deliveries()[0].State)
	}
}

// notified is a header of a notification in subscription mode.
func notified(header string) func(*harness) string {
	return func(h *harness) string {
		h.submit("subscription", "GET", "/v1/echo", "")
		time.Sleep(time.Second)
		return h.hook.all()[0].header.Get(header)
	}
}

// pair is the header that a pair of the subscription gave, or the status of
// the refusal.
func pair(pairs, name string) func(*harness) string {
	return func(h *harness) string {
		if a := h.do("GET", "/v1/echo", "", "erp-api-background", "subscription:"+pairs); a.status != 202 {
			return fmt.Sprint(a.status)
		}
		time.Sleep(time.Second)
		return fmt.Sprintf("%q", h.hook.all()[0].header.Values(name))
	}
}

// attempts tells whether a header differs between two attempts.
func attempts(header string) func(*harness) string {
	return func(h *harness) string {
		h.hook.answer = func(n int) int { return []int{500, 200}[n-1] }
		h.submit("subscription", "GET", "/v1/echo", "")
		time.Sleep(time.Minute)
		got := h.hook.all()
		if got[0].header.Get(header) == got[1].header.Get(header) {
			return "are the same"
		}
		return "differ"
	}
}

// status is that of a request.
func status(method, path string, headers ...string) func(*harness) string {
	return func(h *harness) string { return fmt.Sprint(h.do(method, path, "", headers...).status) }
}

// limited is the answer to one call too many.
func limited(h *harness) answer {
	for range 100 {
		h.do("GET", "/v1/echo", "")
	}
	return h.want(429, "GET", "/v1/echo", "")
}

// lines are those of an invoice.
func lines(h *harness, number string) []map[string]any {
	doc := decode[struct{ InvoiceLines []map[string]any }](h.t, h.do("GET", "/v1/customerinvoice/"+number, "").body)
	return doc.InvoiceLines
}
