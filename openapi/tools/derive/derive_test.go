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

func TestTheSameSourceGivesTheSameFiles(t *testing.T) {
	source, err := os.ReadFile("../../background.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, derive := range map[string]func([]byte) ([]byte, error){"3.1": edition31, "overlay": aliasOverlay} {
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
