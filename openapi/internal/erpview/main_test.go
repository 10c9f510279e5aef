package main

import (
	"strings"
	"testing"

	"github.com/vismanet-go/background/openapi"
)

const small = `openapi: 3.0.3
info: {title: t, description: d, version: '1'}
tags:
  - name: Thing
  - name: Notification
paths:
  # Stays.
  /thing:
    get:
      tags: [Thing]
      operationId: getThing
      parameters:
        - $ref: '#/components/parameters/Background'
        - name: q
          in: query
      responses:
        '202': {$ref: '#/components/responses/Accepted'}
        '400': {description: gateway}
        '429': {description: slow}
      x-background-result:
        '200':
          description: final
          content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}
        '400': {description: final}
      callbacks:
        url: {'{$request.header.erp-api-background}': {post: {tags: [Notification]}}}
components:
  parameters:
    Background: {name: erp-api-background, in: header}
  headers:
    Limit: {schema: {type: string}}
  responses:
    Accepted:
      description: queued
      headers:
        Location: {schema: {type: string}}
        X-RateLimit-Limit: {$ref: '#/components/headers/Limit'}
  schemas:
    Thing: {properties: {part: {$ref: '#/components/schemas/Part'}}}
    Part: {type: string}
    Unused: {type: string}
`

const smallInTheForeground = head + `openapi: 3.0.3
info: {title: ` + title + `, description: "@", version: '1'}
tags:
  - name: Thing
paths:
  # Stays.
  /thing:
    get:
      tags: [Thing]
      operationId: getThing
      parameters:
        - name: q
          in: query
      responses:
        '200':
          description: final
          headers:
            X-RateLimit-Limit: {$ref: '#/components/headers/Limit'}
          content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}
        '400':
          description: final
          headers:
            X-RateLimit-Limit: {$ref: '#/components/headers/Limit'}
        '429': {description: slow}
components:
  headers:
    Limit: {schema: {type: string}}
  schemas:
    Thing: {properties: {part: {$ref: '#/components/schemas/Part'}}}
    Part: {type: string}
    Unused: {type: string}
`

func TestTheForegroundIsDerivedMechanically(t *testing.T) {
	source := strings.Replace(small, "'400': {description: final}", "'400':\n          description: final", 1)
	out, err := erp("small.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	// The description is a text of its own, written in quotes within {}.
	got := string(out)
	start := strings.Index(got, "description: ")
	end := strings.Index(got, ", version")
	got = got[:start] + `description: "@"` + got[end:]
	if got != smallInTheForeground {
		t.Errorf("got\n%s\nwant\n%s", got, smallInTheForeground)
	}
}

func TestTheForegroundViewIsUpToDate(t *testing.T) {
	got, err := erp("background.yaml", openapi.BackgroundYAML())
	if err != nil || string(got) != string(openapi.ERPYAML()) {
		t.Errorf("erp.yaml is not the foreground view of background.yaml (%v); run make generate", err)
	}
}

func TestADocumentThatIsNotAsItShouldBeIsRefused(t *testing.T) {
	for _, tt := range []struct{ name, old, new, want string }{
		{"no YAML", "openapi: 3.0.3", "{", "YAML"},
		{"no header, no results", small[strings.Index(small, "        - $ref: '#/components/parameters/Background'"):strings.Index(small, "components:")], "        []\n      responses: {'200': {description: d}}\n", "no operation has the header"},
		{"dangling 202", "    Accepted:\n", "    Other:\n", "leads nowhere"},
		{"202 elsewhere", "'202': {$ref: '#/", "'202': {$ref: 'other.yaml#/", "leads to another file"},
		{"no operationId", "      operationId: getThing\n", "", "no operationId"},
		{"no paths", "paths:", "x-paths:", "no object paths"},
	} {
		source := strings.Replace(small, tt.old, tt.new, 1)
		if source == small {
			t.Fatalf("%s: %q is not in the source", tt.name, tt.old)
		}
		if _, err := erp("small.yaml", []byte(source)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
		}
	}
}
