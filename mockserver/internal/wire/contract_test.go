package wire

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/vismanet-go/background/openapi"
)

// The state document is written by hand; this holds it to the contract.
func TestStateDocumentHasTheFieldsOfTheContract(t *testing.T) {
	if got, want := jsonNames(State{}), jsonNames(openapi.BackgroundState{}); !slices.Equal(got, want) {
		t.Errorf("state document: got %v, want %v", got, want)
	}
	if got, want := jsonNames(Notification{}), jsonNames(openapi.BackgroundNotification{}); !slices.Equal(got, want) {
		t.Errorf("notification: got %v, want %v", got, want)
	}
}

func jsonNames(v any) []string {
	var names []string
	for i := range reflect.TypeOf(v).NumField() {
		name, _, _ := strings.Cut(reflect.TypeOf(v).Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
