package sqlitequeue_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/vismanet-go/background/mockserver"
)

// What one server does to customers, payments and attachments is there for the
// next, in the foreground and in the background.
func TestAllDataOfTheERPIsShared(t *testing.T) {
	dir := t.TempDir()
	first, second := serve(t, dir, mockserver.Config{}, http.NotFoundHandler()), serve(t, dir, mockserver.Config{}, http.NotFoundHandler())
	want := func(s *site, status int, method, path, body, part string) string {
		t.Helper()
		got, answer := s.do(method, path, body, "")
		if got != status || !strings.Contains(answer, part) {
			t.Fatalf("%s %s: got %d %s, want %d with %s", method, path, got, answer, status, part)
		}
		return answer
	}
	for i, s := range []*site{first, second} {
		if op := s.ended(s.submit("POST", "/v1/customer", `{"name":{"value":"Sol AS"}}`, "none")); op.StatusCode != 201 {
			t.Fatalf("ended with %d", op.StatusCode)
		}
		want(second, 200, "GET", fmt.Sprint("/v1/customer/", 10100+i), "", "Sol AS")
	}
	want(second, 204, "PUT", "/v1/customer/10100", `{"name":{"value":"Sol ASA"}}`, "")
	want(first, 200, "GET", "/v1/customer/10100", "", "Sol ASA")

	want(first, 201, "POST", "/v1/customerPayment", `{"customer":{"value":"10100"},"paymentAmount":{"value":5}}`, "")
	want(second, 201, "POST", "/v1/customerPayment", `{"customer":{"value":"10101"},"paymentAmount":{"value":6}}`, "")
	want(first, 200, "GET", "/v1/customerPayment/400656", "", `"paymentAmount":6`)
	want(second, 200, "POST", "/v1/customerPayment/400653/action/release", "", "actionResult")
	want(first, 400, "POST", "/v1/customerPayment/400653/action/release", "", "already released")
	want(first, 200, "GET", "/v1/customerinvoice/003529", "", `"status":"Closed"`)
	want(first, 200, "GET", "/v1/customerinvoice?status=Closed&pageSize=1", "", `"totalCount":29`)
	want(second, 204, "DELETE", "/v1/customerinvoice/003548", "", "")
	want(first, 404, "GET", "/v1/customerinvoice/003548", "", "")

	const form = "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\nthe file\r\n--x--\r\n"
	req, err := http.NewRequest("POST", mockserver.BaseURL+"/v1/customerinvoice/003501/attachment", strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	resp, err := first.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 201 {
		t.Fatalf("attached with %d", resp.StatusCode)
	}
	path := strings.TrimPrefix(resp.Header.Get("Location"), mockserver.BaseURL)
	if got := want(second, 200, "GET", path, "", ""); got != "the file" {
		t.Errorf("got %q", got)
	}
}
