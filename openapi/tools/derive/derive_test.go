package main

import (
	"os"
	"strings"
	"testing"
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
        url: {x: {post: {tags: [Notification]}}}
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

const smallInTheForeground = erpHeader + `openapi: 3.0.3
info: {title: ` + erpTitle + `, description: "@", version: '1'}
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
`

func TestTheForegroundIsDerivedMechanically(t *testing.T) {
	source := strings.Replace(small, "'400': {description: final}", "'400':\n          description: final", 1)
	out, err := foreground([]byte(source))
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

func TestTheSameSourceGivesTheSameFiles(t *testing.T) {
	source, err := os.ReadFile("../../background.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, derive := range map[string]func([]byte) ([]byte, error){"foreground": foreground, "3.1": edition31, "overlay": aliasOverlay} {
		first, err := derive(source)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			again, err := derive(source)
			if err != nil || string(again) != string(first) {
				t.Fatalf("%s: not the same again (%v)", name, err)
			}
		}
	}
}

func TestWhatCannotBeDerivedIsRefused(t *testing.T) {
	tests := []struct {
		name, old, new, want string
	}{
		{"no YAML", "openapi: 3.0.3", "{", "yaml"},
		{"no result", "x-background-result", "x-other", "no operation has"},
		{"no header", "parameters/Background'\n", "parameters/Other'\n", "getThing: no parameter"},
		{"no 202", "'202': {$ref: '#/components/responses/Accepted'}", "'201': {description: d}", "getThing: nothing to resolve"},
		{"dangling 202", "    Accepted:\n", "    Other:\n", "leads nowhere"},
		{"202 elsewhere", "'202': {$ref: '#/", "'202': {$ref: 'other.yaml#/", "leaves the document"},
		{"no operationId", "      operationId: getThing\n", "", "no operationId"},
		{"no paths", "paths:", "x-paths:", "no paths"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			source := strings.Replace(small, tt.old, tt.new, 1)
			if source == small {
				t.Fatalf("%q is not in the source", tt.old)
			}
			_, err := foreground([]byte(source))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestTheOverlayNamesEverySchemaAndRefusesNamesThatGoWouldChange(t *testing.T) {
	out, err := aliasOverlay([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Thing", "Part", "Unused"} {
		if want := "$.components.schemas." + name + "\n"; !strings.Contains(string(out), want) {
			t.Errorf("no target %s", want)
		}
	}
	if _, err := aliasOverlay([]byte(strings.Replace(small, "Unused:", "not-used:", 1))); err == nil {
		t.Error("a name that is no Go name passed")
	}
	if _, err := aliasOverlay([]byte("a: 1")); err == nil {
		t.Error("a document without schemas passed")
	}
}
