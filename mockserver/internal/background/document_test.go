package background

import (
	"slices"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver/internal/wire"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/profile"
	"github.com/vismanet-go/background/openapi"
)

// The document that was captured from the real system in November 2022, made
// again from what is known of its operation.
func TestCapturedStateDocument(t *testing.T) {
	at := func(s string) time.Time {
		v, err := openapi.ParseTime(s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	op := &Operation{
		Operation: operation.Operation{
			ID: "73ac0029-1e4f-4adc-a7eb-318cd25ba4bf", Company: "0921001005", State: operation.Finished, StatusCode: 400,
			Received: at("2022-11-10T10:20:53.75+01:00"), Started: at("2022-11-10T10:20:54.393+01:00"), Ended: at("2022-11-10T10:20:55.788+01:00"),
		},
		Base:    "https://integration.visma.net/API/controller/api",
		Tail:    "/v1/customerPayment/400654/action/release",
		Asked:   wire.Background{Mode: wire.NotifyURL, URL: "https://google.com"},
		HasBody: true,
		Content: []byte(`{"message":"Payment can't be updated because it is already released."}`),
	}
	all := testkit.Vectors[testkit.Body, struct{}](t, "states")
	i := slices.IndexFunc(all, func(v testkit.Vector[testkit.Body, struct{}]) bool { return v.Name == "captured" })
	want := all[i].Input
	p := profile.Profile{ResponseHeaders: []string{}}.WithDefaults()
	if got := wire.JSON(op.Document(p)); string(got) != string(want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// The time for which what is gone is remembered ends at its last moment.
func TestForgottenAtTheEndOfGoneFor(t *testing.T) {
	expires := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	op := &Operation{Operation: operation.Operation{State: operation.Expired}, Expires: expires}
	for _, tt := range []struct {
		goneFor, since time.Duration
		want           bool
	}{
		{0, 1000 * time.Hour, false}, // as long as the mock remembers
		{time.Hour, time.Hour - 1, false}, {time.Hour, time.Hour, true}, {time.Hour, time.Hour + 1, true},
	} {
		if got := op.Forgotten(profile.Profile{GoneFor: tt.goneFor}, expires.Add(tt.since)); got != tt.want {
			t.Errorf("GoneFor %v, %v after the retention: forgotten %v, want %v", tt.goneFor, tt.since, got, tt.want)
		}
	}
	op.State = operation.Finished
	if op.Forgotten(profile.Profile{GoneFor: time.Hour}, expires.Add(24*time.Hour)) {
		t.Error("an operation that is not expired is forgotten, want it remembered")
	}
}
