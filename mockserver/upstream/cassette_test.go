package upstream_test

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/upstream"
	"github.com/vismanet-go/background/mockserver/upstream/cassette"
)

// What was recorded before an API is replayed without it, in the foreground and in
// the background, waits included.
func TestARecordingIsReplayedWithoutTheUpstream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "tape.yaml")
		script := func(h *harness) (got []string) {
			begun := time.Now()
			a := h.do("GET", "/list?b=1&a=2", "", "Authorization", "Bearer s3cr3t-token")
			got = append(got, fmt.Sprint(a.status, a.body))
			s := h.finish("POST", "/things", `{"a":1}`, "Authorization", "Bearer s3cr3t-token", "Content-Type", "application/json")
			got = append(got, fmt.Sprint(s.Status, s.StatusCode, s.ResponseHeaders["Location"], h.content(s).body))
			s = h.finish("GET", "/moved", "")
			got = append(got, fmt.Sprint(s.Status, s.StatusCode, h.content(s).body, time.Since(begun).Round(time.Minute)))
			return got
		}
		refused := false
		h := start(t, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/base/list":
				fmt.Fprint(w, "all of it")
			case r.URL.Path == "/base/moved":
				http.Redirect(w, r, "https://api.test/base/list", http.StatusFound)
			case !refused:
				refused = true
				w.Header().Set("Retry-After", "240")
				w.WriteHeader(http.StatusTooManyRequests)
			default:
				w.Header().Set("Location", root+"/things/7")
				w.WriteHeader(http.StatusCreated)
				fmt.Fprint(w, `{"id":7}`)
			}
		}, upstream.Config{Cassette: cassette.Config{Record: name}}, mockserver.Config{})
		recorded := script(h)
		if err := h.api.Close(); err != nil {
			t.Fatal(err)
		}
		want := []string{"200all of it", `Finished201https://erp.mock/things/7{"id":7}`, "Finished200all of it4m0s"}
		if fmt.Sprint(recorded) != fmt.Sprint(want) {
			t.Errorf("recorded: got %q, want %q", recorded, want)
		}
		h = start(t, nil, upstream.Config{Cassette: cassette.Config{Replay: name}}, mockserver.Config{})
		if got := script(h); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("replayed: got %q, want %q", got, want)
		}
		if err := h.api.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A call that is not in the cassette is told with what comes closest, and goes
// nowhere.
func TestACallThatIsNotInTheCassette(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "tape.yaml")
		h := start(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "here") }, upstream.Config{Cassette: cassette.Config{Record: name}}, mockserver.Config{})
		if a := h.do("POST", "/things?x=1", `{"a":1}`); a.body != "here" {
			t.Fatalf("got %+v", a)
		}
		if err := h.api.Close(); err != nil {
			t.Fatal(err)
		}
		h = start(t, nil, upstream.Config{Cassette: cassette.Config{Replay: name}}, mockserver.Config{})
		want := `The cassette tape.yaml has no answer for POST /things?x=1; the nearest is POST /things?x=1 at line 5; Body.a: got 2, want 1.`
		if a := h.do("POST", "/things?x=1", `{"a":2}`); a.status != 502 || a.body != fmt.Sprintf(`{"message":%q}`, want) {
			t.Errorf("got %d %s, want 502 %s", a.status, a.body, want)
		}
		if s := h.finish("POST", "/things?x=1", `{"a":2}`); s.Status != "Failed" || s.ErrorMessage != want {
			t.Errorf("got %+v, want %s", s, want)
		}
		if list := h.api.Unused(); len(list) != 1 || list[0].String() != "POST /things?x=1" {
			t.Errorf("unused: %v", list)
		}
		if _, ok := errors.AsType[*cassette.UnusedError](h.api.Close()); !ok {
			t.Error("nothing is unused")
		}
	})
}

func TestConfigurationsThatAreWrong(t *testing.T) {
	for _, tt := range []struct {
		cfg  upstream.Config
		want []string
	}{
		{upstream.Config{}, []string{"URL: name the root of an API, such as https://api.example.com, or a cassette to replay and none to record"}},
		{upstream.Config{URL: "api.example.com"}, []string{`URL "api.example.com": want http(s)://host`}},
		{upstream.Config{URL: "https://api.example.com/?x=1"}, []string{`URL "https://api.example.com/?x=1": want http(s)://host/path in ASCII, without a query`}},
		{upstream.Config{URL: "https://me:secret@api.example.com"}, []string{"URL: must not hold credentials: callers send theirs in the header Authorization"}},
		{upstream.Config{URL: root, MaxContent: -1, MaxWait: -1, Repeat: "always", RepeatKey: "a b", Drop: []string{"c d"}, FailOn: []int{99}}, []string{
			"MaxContent: must not be negative", "MaxWait: must not be negative", `Repeat: "always" is not one of its values`,
			`RepeatKey: "a b" is no name of a header`, `Drop: "c d" is no name of a header`, "FailOn: 99 is no status of an answer",
		}},
		{upstream.Config{Cassette: cassette.Config{Record: "x"}}, []string{"URL: name the root of an API, such as https://api.example.com, or a cassette to replay and none to record"}},
		{upstream.Config{Cassette: cassette.Config{Replay: "nowhere.yaml"}}, []string{"Cassette.Replay: open nowhere.yaml: no such file or directory"}},
	} {
		_, err := upstream.New(tt.cfg)
		if want := strings.Join(tt.want, "\n"); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}
