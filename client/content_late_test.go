package client_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/internal/testkit/faultstore"
)

// TestContentThatIsLate is about states that name an address of content and do
// not say whether there is any.
func TestContentThatIsLate(t *testing.T) {
	const unclear = `{"status":"Finished","statusCode":200,"hasResponseContent":null,"contentLocation":"x"}`
	for _, tt := range []struct {
		name   string
		misses int // answers that there is none, before the content
		has    bool
	}{{"at once", 0, true}, {"after a few answers that there is none", 4, true}, {"never", 1 << 30, false}} {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			erp := accepting(func(w http.ResponseWriter, r *http.Request) {
				if !strings.HasSuffix(r.URL.Path, "/content") {
					write(200, unclear)(w, r)
					return
				}
				if asked++; asked <= tt.misses {
					write(404, "")(w, r)
					return
				}
				write(200, `[1]`)(w, r)
			})
			withERP(t, client.Config{}, erp, func(t *testing.T, c *client.Client, _ *faultstore.Store, _ *hits) {
				began := time.Now()
				res, err := post(t, c).Wait(testkit.Within(t, time.Hour))
				if err != nil || res.HasContent() != tt.has {
					t.Fatalf("got %+v, %v, want content: %v", res, err, tt.has)
				}
				if took := time.Since(began); took > 5*time.Minute || !tt.has && took < 2*time.Minute {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

// TestHeaderOfTheAnswer merges what the state says of the answer with what comes
// with it, and drops what speaks of other bytes.
func TestHeaderOfTheAnswer(t *testing.T) {
	erp := accepting(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/content") {
			write(200, "%PDF-1.4", "Content-Type", "application/pdf", "Content-Disposition", `attachment; filename="faktura.pdf"`,
				"Content-Language", "nb", "Etag", `"of the copy"`, "X-Other", "y")(w, r)
			return
		}
		write(200, `{"status":"Finished","statusCode":200,"hasResponseContent":true,"responseHeaders":{"Content-Type":"application/json","Content-Language":"nn","ETag":"\"7\"",
			"Content-Encoding":"gzip","Content-MD5":"x","Digest":"y","Content-Digest":"z","Content-Range":"bytes 0-1/2","Content-Length":"5"}}`)(w, r)
	})
	withERP(t, client.Config{}, erp, func(t *testing.T, c *client.Client, _ *faultstore.Store, _ *hits) {
		res, err := post(t, c).Wait(testkit.Within(t, time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{
			"Content-Type": "application/pdf", "Content-Disposition": `attachment; filename="faktura.pdf"`, "Content-Language": "nn", "Etag": `"7"`,
			"Content-Encoding": "", "Content-Md5": "", "Digest": "", "Content-Digest": "", "Content-Range": "", "Content-Length": "", "X-Other": "",
		} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
	})
}

// TestNothingIsOfNoType is about empty answers that are said to be JSON: a
// generated client would decode them.
func TestNothingIsOfNoType(t *testing.T) {
	for name, erp := range map[string]http.HandlerFunc{
		"no content": accepting(write(200, `{"status":"Finished","statusCode":200,"hasResponseContent":false,"responseHeaders":{"Content-Type":"application/json"}}`)),
		"content that is empty": accepting(func(w http.ResponseWriter, r *http.Request) {
			body := `{"status":"Finished","statusCode":200,"hasResponseContent":true,"responseHeaders":{"Content-Type":"application/json"}}`
			if strings.HasSuffix(r.URL.Path, "/content") {
				body = ""
			}
			write(200, body, "Content-Type", "application/json")(w, r)
		}),
		"foreground": write(200, "", "Content-Type", "application/json"),
		"refused":    write(400, "", "Content-Type", "application/json"),
	} {
		withERP(t, client.Config{}, erp, func(t *testing.T, c *client.Client, _ *faultstore.Store, _ *hits) {
			resp, err := c.Do(request("POST", base+"/v2/customerinvoice", invoice))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			defer resp.Body.Close()
			if kind := resp.Header.Get("Content-Type"); kind != "" || resp.ContentLength != 0 {
				t.Errorf("%s: got type %q, %d bytes, want neither", name, kind, resp.ContentLength)
			}
		})
	}
}
