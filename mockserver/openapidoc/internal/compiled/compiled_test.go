package compiled_test

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vismanet-go/background/internal/gendoc"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/compiled"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/synth"
)

func encode(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const orders = `
openapi: 3.0.3
info: {title: Orders, version: "2"}
servers: [{url: 'https://{host}/v1', variables: {host: {default: erp.example.com, enum: [erp.example.com]}}}]
paths:
  /orders/{id}:
    servers: [{url: /base}]
    parameters:
    - {name: id, in: path, required: true, schema: {type: integer}}
    - {name: page, in: query, schema: {type: integer}}
    get:
      operationId: getOrder
      tags: [orders]
      parameters:
      - {name: page, in: query, style: pipeDelimited, schema: {type: string}}
      - {name: bad, in: body}
      responses:
        200:
          description: The order.
          headers: {X-Total: {required: true, schema: {type: integer}}}
          content:
            application/json: {schema: {$ref: '#/components/schemas/Order'}}
            text/csv: {schema: {type: string}, example: "a;b"}
        4xx: {$ref: '#/components/responses/Bad'}
        default: {description: nothing}
    put:
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}
      responses: {"204": {description: done}, "500": {$ref: '#/components/responses/Missing'}}
components:
  responses:
    Bad:
      description: refused
      content:
        application/json:
          schema: {type: object, required: [message], properties: {message: {type: string}}}
          example: {message: 5}
          examples:
            named: {value: {message: first}}
            text: {value: '{"message": "in a string"}'}
            elsewhere: {externalValue: 'https://example.com/x'}
  schemas:
    Order: {type: object, required: [id], properties: {id: {type: integer}, secret: {type: string, writeOnly: true}}}
`

func TestOperationsAreRead(t *testing.T) {
	d := open(t, []byte(orders), compiled.Options{Name: "orders.yaml"})
	if len(d.Operations()) != 2 || d.Title != "Orders" || d.Servers[0].Variables[0].Default != "erp.example.com" {
		t.Fatalf("%d operations of %q at %v", len(d.Operations()), d.Title, d.Servers)
	}
	get, put := d.Operations()[0], d.Operations()[1]
	if get.ID != "getOrder" || get.Method != "GET" || get.Path != "/orders/{id}" || get.Pointer != "/paths/~1orders~1{id}/get" || get.Servers()[0].URL != "/base" {
		t.Errorf("the first operation is %+v", get)
	}
	var params []string
	for _, p := range get.Parameters() {
		params = append(params, p.In+" "+p.Name+" "+p.Style)
	}
	if want := []string{"path id simple", "query page pipeDelimited"}; !slices.Equal(params, want) {
		t.Errorf("parameters are %q; want %q: that of the operation counts", params, want)
	}
	var responses []string
	for _, r := range get.Responses() {
		responses = append(responses, r.Status)
	}
	if want := []string{"200", "4XX", "default"}; !slices.Equal(responses, want) {
		t.Errorf("statuses are %q; want %q", responses, want)
	}
	if h := get.Responses()[0].Headers; len(h) != 1 || h[0].Name != "X-Total" || !h[0].Required || h[0].Schema == nil {
		t.Errorf("headers are %+v", h)
	}
	if !put.Body().Required || put.Body().Content[0].Type != "application/json" || get.Body() != nil {
		t.Errorf("bodies are %+v and %+v", get.Body(), put.Body())
	}
	if p := get.Problems(); len(p) != 1 || !strings.Contains(p[0].Msg, `in "body"`) {
		t.Errorf("problems are %v; want that of the parameter in a body", p)
	}
	if p := put.Problems(); len(p) != 1 || p[0].Pointer != "/paths/~1orders~1{id}/put/responses/500" || !strings.Contains(p[0].Msg, "orders.yaml:") {
		t.Errorf("problems are %v; want that of the reference, with its line", p)
	}
}

func TestWhereAnswersAreFrom(t *testing.T) {
	get := open(t, []byte(orders), compiled.Options{}).Operations()[0]
	bad := get.Responses()[1].Content[0]
	for _, tt := range []struct {
		want   compiled.Want
		value  string
		source compiled.Source
		kinds  []synth.Kind
	}{
		{compiled.Want{}, `{"message":"first"}`, compiled.FromExample, nil},
		{compiled.Want{Example: "text"}, `{"message":"in a string"}`, compiled.FromExample, nil},
		{compiled.Want{Dynamic: true}, "", compiled.Synthesised, nil},
	} {
		a := bad.Answer(tt.want)
		if a.Source != tt.source || len(a.Reasons) != 0 || tt.value != "" && encode(t, a.Value) != tt.value {
			t.Errorf("%+v: %+v; want %s from %s", tt.want, a, tt.value, tt.source)
		}
	}
	if bad.Named("elsewhere") {
		t.Error("an example elsewhere is there; nothing is fetched")
	}
	order := get.Responses()[0].Content[0].Answer(compiled.Want{Seed: 3})
	if text := encode(t, order.Value); strings.Contains(text, "secret") || !strings.Contains(text, `"id":`) {
		t.Errorf("the order is %s; want id, and not what is writeOnly", text)
	}
	if again := get.Responses()[0].Content[0].Answer(compiled.Want{Seed: 3}); encode(t, again) != encode(t, order) {
		t.Errorf("the same seed gave %v, then %v", order, again)
	}
}

// What an author gives is served although it is not valid, and told.
func TestInvalidExamplesAreServedAndTold(t *testing.T) {
	text := strings.ReplaceAll(orders, "            named: {value: {message: first}}\n", "            named: {value: {message: [1]}}\n")
	bad := open(t, []byte(text), compiled.Options{}).Operations()[0].Responses()[1].Content[0]
	a := bad.Answer(compiled.Want{})
	if encode(t, a.Value) != `{"message":[1]}` || len(a.Reasons) != 1 || a.Reasons[0].Kind != synth.BadExample ||
		a.Reasons[0].Pointer != "/components/responses/Bad/content/application~1json/examples/named/value" {
		t.Errorf("the answer is %+v; want the example and the pointer to it", a)
	}
}

// Every answer of the generated documents is valid to a reader that is not ours, or
// has a reason.
func TestAnswersAreValidToOthers(t *testing.T) {
	slow := []string{"deep-any-of", "deep-one-of"} // take the other readers minutes
	for _, v := range []gendoc.Version{gendoc.V30, gendoc.V31} {
		for _, g := range []gendoc.Document{gendoc.Recursion(v), gendoc.Composition(v), gendoc.Examples(v), gendoc.Names(v), gendoc.Templates(v)} {
			d := open(t, g.JSON, compiled.Options{Name: g.Name})
			j := newJudge(t, d, g.JSON)
			judged := 0
			for _, e := range d.Report(1).Entries {
				if e.Media == nil || slices.ContainsFunc(slow, func(s string) bool { return strings.Contains(e.Operation.Path, s) }) {
					continue
				}
				err, ok := j.valid(e)
				if !ok {
					continue
				}
				judged++
				if (err == nil) != (len(e.Answer.Reasons) == 0) {
					t.Errorf("%s: %s: %s has the reasons %v; the other reader says %v", g.Name, e.Media.Pointer, encode(t, e.Answer.Value), e.Answer.Reasons, err)
				}
				if never := strings.HasPrefix(e.Operation.Path, "/never/"); never != (len(e.Answer.Reasons) > 0) && e.Answer.Source == compiled.Synthesised &&
					(never || strings.HasPrefix(e.Operation.Path, "/some/")) {
					t.Errorf("%s: %s: the reasons are %v", g.Name, e.Operation.Path, e.Answer.Reasons)
				}
			}
			if judged == 0 {
				t.Errorf("%s: no answer was judged", g.Name)
			}
		}
	}
}

// Many may ask at once, also for what nobody asked for before.
func TestManyMayAsk(t *testing.T) {
	data := gendoc.Recursion(gendoc.V31).JSON
	want := encode(t, answers(open(t, data, compiled.Options{})))
	d := open(t, data, compiled.Options{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got, err := json.Marshal(answers(d)); err != nil || string(got) != want {
				t.Errorf("%v: %.300s; want %.300s", err, got, want)
			}
		})
	}
	wg.Wait()
}

func answers(d *compiled.Doc) (all []any) {
	for _, e := range d.Report(1).Entries {
		all = append(all, e.Answer.Value)
	}
	return all
}
