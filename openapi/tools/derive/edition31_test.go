package main

import (
	"strings"
	"testing"
)

const small30 = `openapi: 3.0.3
info: {title: t, version: '1', description: d}
paths:
  /a:
    get:
      operationId: getA
      responses: {'202': {description: queued}}
      x-background-result:
        '200': {description: final, content: {application/json: {schema: {type: array, nullable: true, items: {$ref: '#/components/schemas/Thing'}}}}}
      callbacks:
        url: {x: {post: {operationId: onA}}}
        subscription:
          https://hook.example/:
            post:
              operationId: onASubscription
              description: |
                Sent when it is done
                (the address above stands for it). So.
              parameters: [{$ref: '#/components/parameters/Signature'}]
  /b:
    get:
      operationId: getB
      responses: {'202': {description: queued}}
      callbacks:
        subscription:
          https://hook.example/:
            post:
              operationId: onBSubscription
              description: |
                Sent when it is done
                (the address above stands for it). So.
              parameters: [{$ref: '#/components/parameters/Signature'}]
components:
  parameters:
    Signature: {name: x-signature, in: header, schema: {type: string}, example: s}
  schemas:
    # Stays.
    Thing:
      type: object
      example: {nullable: true}
      properties:
        schema: {type: string, nullable: true}
        example: {type: object, additionalProperties: {type: number, nullable: true}}
        sure: {type: string, nullable: false}
`

// What is nullable, and what is only called so.
const small31 = edition31Header + `openapi: 3.1.0
info: {title: t, version: '1', description: "@"}
paths:
  /a:
    get:
      operationId: getA
      responses: {'202': {description: queued}}
      x-background-result:
        '200': {description: final, content: {application/json: {schema: {type: [array, 'null'], items: {$ref: '#/components/schemas/Thing'}}}}}
      callbacks:
        url: {x: {post: {operationId: onA}}}
  /b:
    get:
      operationId: getB
      responses: {'202': {description: queued}}
webhooks:
  subscriptionNotification:
    post:
      operationId: onSubscriptionNotification
      description: Sent when it is done. So.
      parameters: [{name: x-signature, in: header, schema: {type: string}, example: s}]
components:
  schemas:
    # Stays.
    Thing:
      type: object
      examples:
        - {nullable: true}
      properties:
        schema: {type: [string, 'null']}
        example: {type: object, additionalProperties: {type: [number, 'null']}}
        sure: {type: string}
`

func TestTheEditionIn31IsDerivedMechanically(t *testing.T) {
	out, err := edition31([]byte(small30))
	if err != nil {
		t.Fatal(err)
	}
	got := string(out)
	start, end := strings.Index(got, "description: "), strings.Index(got, "}\npaths")
	if !strings.Contains(got[start:end], "### Edition") {
		t.Errorf("the description %q does not tell of the edition", got[start:end])
	}
	if got = got[:start] + `description: "@"` + got[end:]; got != small31 {
		t.Errorf("got\n%s\nwant\n%s", got, small31)
	}
}

func TestWhatHasNoEditionIn31IsRefused(t *testing.T) {
	for name, tt := range map[string]struct{ old, new, want string }{
		"no YAML":                  {"openapi: 3.0.3", "{", "yaml"},
		"no description":           {", description: d", "", "no description"},
		"no subscription":          {"subscription:\n", "other:\n", "no operation has a callback subscription"},
		"two kinds of webhooks":    {"onBSubscription\n", "onBSubscription\n              deprecated: true\n", "getB: callback subscription is not that of getA"},
		"a callback without an id": {"              operationId: onBSubscription\n", "", "getB: callback subscription: want a post"},
		"two addresses":            {"        subscription:\n", "        subscription:\n          y: {}\n", "getA: callback subscription: want one address"},
		"a dangling parameter":     {"    Signature:", "    Other:", "leads nowhere"},
		"nullable, of any type":    {"sure: {type: string, nullable: false}", "sure: {nullable: true}", "a nullable schema"},
		"nullable words":           {"sure: {type: string, nullable: false}", "sure: {type: string, enum: [a], nullable: true}", "a nullable schema"},
		"an exclusive minimum":     {"sure: {type: string", "sure: {type: integer, minimum: 0, exclusiveMinimum: true", "exclusiveMinimum"},
	} {
		source := strings.ReplaceAll(small30, tt.old, tt.new)
		if source == small30 {
			t.Fatalf("%s: %q is not in the source", name, tt.old)
		}
		if _, err := edition31([]byte(source)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, tt.want)
		}
	}
}
