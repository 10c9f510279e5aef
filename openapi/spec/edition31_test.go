package spec_test

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/vismanet-go/background/openapi"
	"github.com/vismanet-go/background/openapi/spec"
)

var load31 = sync.OnceValues(func() (*openapi3.T, error) { return spec.Load(openapi.Background31YAML()) })

func background31(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := load31()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// The edition in OpenAPI 3.1 has the operations, answers and parameters of the
// other, and the notification to the subscription as its only webhook.
func TestTheEditionIn31DescribesTheSameCalls(t *testing.T) {
	doc := background31(t)
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("openapi %q, want 3.1.0", doc.OpenAPI)
	}
	ours, theirs := operations(background(t)), operations(doc)
	if !slices.Equal(slices.Sorted(maps.Keys(ours)), slices.Sorted(maps.Keys(theirs))) {
		t.Fatalf("operations %v, want %v", slices.Sorted(maps.Keys(theirs)), slices.Sorted(maps.Keys(ours)))
	}
	for key, op := range ours {
		other := theirs[key]
		if !reflect.DeepEqual(statuses(other.Responses), statuses(op.Responses)) || other.OperationID != op.OperationID ||
			len(other.Parameters) != len(op.Parameters) || asJSON(t, other.Security) != asJSON(t, op.Security) ||
			(other.RequestBody == nil) != (op.RequestBody == nil) || other.Extensions["x-background-result"] == nil != (op.Extensions["x-background-result"] == nil) {
			t.Errorf("%s: it is not the same operation", key)
		}
		if len(op.Callbacks) == 0 {
			continue
		}
		if len(other.Callbacks) != 1 || other.Callbacks["url"] == nil {
			t.Errorf("%s: got the callbacks %v, want url alone", key, slices.Collect(maps.Keys(other.Callbacks)))
		}
	}
	hook := doc.Webhooks["subscriptionNotification"]
	if len(doc.Webhooks) != 1 || hook == nil || hook.Post == nil {
		t.Fatalf("got the webhooks %v, want subscriptionNotification", doc.Webhooks)
	}
	callback := ours["POST /v2/customerinvoice"].Callbacks["subscription"].Value.Map()
	for _, item := range callback {
		for _, p := range item.Post.Parameters {
			if hook.Post.Parameters.GetByInAndName(p.Value.In, p.Value.Name) == nil {
				t.Errorf("the webhook has no header %s", p.Value.Name)
			}
		}
		if !reflect.DeepEqual(statuses(hook.Post.Responses), statuses(item.Post.Responses)) {
			t.Errorf("the webhook may be answered %v, want %v", statuses(hook.Post.Responses), statuses(item.Post.Responses))
		}
	}
	if strings.Contains(hook.Post.Description, "address above") {
		t.Errorf("the webhook has no address, and tells of one: %s", hook.Post.Description)
	}
}

// What may be null in the one may be null in the other, schema by schema.
func TestTheEditionIn31HasTheSameSchemas(t *testing.T) {
	ours, theirs := background(t).Components.Schemas, background31(t).Components.Schemas
	nulls := 0
	var compare func(at string, a, b *openapi3.SchemaRef)
	compare = func(at string, a, b *openapi3.SchemaRef) {
		if a.Ref != b.Ref {
			t.Errorf("%s: refers to %q, want %q", at, b.Ref, a.Ref)
		}
		if a.Ref != "" {
			return
		}
		want := slices.Clone(a.Value.Type.Slice())
		if a.Value.Nullable {
			nulls++
			want = append(want, "null")
		}
		if got := b.Value.Type.Slice(); !slices.Equal(got, want) || b.Value.Nullable {
			t.Errorf("%s: type %v, nullable %v, want %v", at, got, b.Value.Nullable, want)
		}
		if a.Value.Pattern != b.Value.Pattern || a.Value.Format != b.Value.Format || !slices.Equal(a.Value.Required, b.Value.Required) || a.Value.Description != b.Value.Description {
			t.Errorf("%s: pattern, format, required or description differ", at)
		}
		if b.Value.Example != nil || (a.Value.Example != nil) != (len(b.Value.Examples) == 1) {
			t.Errorf("%s: example %v and %d examples, want them moved", at, b.Value.Example, len(b.Value.Examples))
		}
		if !slices.Equal(slices.Sorted(maps.Keys(a.Value.Properties)), slices.Sorted(maps.Keys(b.Value.Properties))) {
			t.Fatalf("%s: other properties", at)
		}
		for name, p := range a.Value.Properties {
			compare(at+"."+name, p, b.Value.Properties[name])
		}
		if a.Value.Items != nil {
			compare(at+"[]", a.Value.Items, b.Value.Items)
		}
	}
	for name, schema := range ours {
		if theirs[name] == nil {
			t.Errorf("no schema %s", name)
			continue
		}
		compare(name, schema, theirs[name])
	}
	if len(theirs) != len(ours) || nulls < 200 {
		t.Errorf("%d schemas, want %d; %d fields that may be null, want the walk to see them", len(theirs), len(ours), nulls)
	}
}

// The wire forms fit both editions, and what is wrong fits neither.
func TestTheEditionIn31ReadsTheWireForms(t *testing.T) {
	for schema, files := range map[string][]string{
		"BackgroundAccepted": {"accepted"}, "BackgroundState": {"state-running", "state-finished", "state-observed", "state-failed"}, "BackgroundNotification": {"notification"},
	} {
		for _, file := range files {
			data, err := os.ReadFile(filepath.Join("..", "testdata", file+".json"))
			if err != nil {
				t.Fatal(err)
			}
			if err := spec.ValidateSchema(background31(t), schema, data); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
	for _, bad := range []string{`{"id":"x"}`, `{"id":null,"status":"Started"}`, `{"id":"x","status":"Started","statusCode":"200"}`, `{"id":"x","status":"Started","startedUtc":"soon"}`} {
		for name, doc := range map[string]*openapi3.T{"3.0": background(t), "3.1": background31(t)} {
			if err := spec.ValidateSchema(doc, "BackgroundState", []byte(bad)); err == nil {
				t.Errorf("%s: %s fits", name, bad)
			}
		}
	}
}
