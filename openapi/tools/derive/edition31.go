package main

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

const edition31Header = `# Derived from openapi/background.yaml by openapi/tools/derive; do not edit.
# "make generate" writes it anew.
`

// edition31Remark is added to the description of the document.
const edition31Remark = `
### Edition
This is ` + "`background.yaml`" + ` in OpenAPI 3.1, derived from it for generators that prefer that: what may be null has the
type ` + "`null`" + ` as well, schemas have ` + "`examples`" + `, and the notification to the registered subscription, which is the same
for all calls, is a webhook. The notification to a URL stays a callback, because the call names that URL.
`

const (
	subscriptionKey = "subscription" // of the callbacks that become a webhook
	webhookKey      = "subscriptionNotification"
	webhookID       = "onSubscriptionNotification"
	// standsFor explains the address of that callback. A webhook has none.
	standsFor = " (the address above stands for it)"
)

// edition31 returns the document in OpenAPI 3.1. Nullable schemas have the type
// null, the example of a schema is one of its examples, and the callbacks to the
// subscription, which have to be the same but for their operationId, are one
// webhook. The order of the source is kept.
func edition31(source []byte) ([]byte, error) {
	root, err := parse(source)
	if err != nil {
		return nil, err
	}
	setString(root, "openapi", "3.1.0")
	info := get(root, "info")
	description := get(info, "description")
	if description == nil {
		return nil, errors.New("info: no description")
	}
	setString(info, "description", description.Value+edition31Remark)
	if err := subscriptionsToWebhook(root); err != nil {
		return nil, err
	}
	if err := eachSchema(root, schemaTo31); err != nil {
		return nil, err
	}
	return encode(root, edition31Header)
}

// subscriptionsToWebhook makes one webhook of the callbacks of all operations to
// the subscription.
func subscriptionsToWebhook(root *yaml.Node) error {
	var webhook *yaml.Node
	var first, text string
	err := eachOperation(root, func(name string, op *yaml.Node) error {
		callbacks := get(op, "callbacks")
		callback := get(callbacks, subscriptionKey)
		if callback == nil {
			return nil
		}
		if len(callback.Content) != 2 {
			return fmt.Errorf("%s: callback %s: want one address", name, subscriptionKey)
		}
		item := callback.Content[1]
		post := get(item, "post")
		if get(post, "operationId") == nil || get(post, "description") == nil {
			return fmt.Errorf("%s: callback %s: want a post with operationId and description", name, subscriptionKey)
		}
		setString(post, "operationId", webhookID)
		setString(post, "description", strings.ReplaceAll(strings.Join(strings.Fields(get(post, "description").Value), " "), standsFor, ""))
		same, err := yaml.Marshal(item)
		switch {
		case err != nil:
			return err
		case webhook == nil:
			webhook, first, text = item, name, string(same)
		case text != string(same):
			return fmt.Errorf("%s: callback %s is not that of %s, so that they are no webhook", name, subscriptionKey, first)
		}
		if remove(callbacks, subscriptionKey); len(callbacks.Content) == 0 {
			remove(op, "callbacks")
		}
		return nil
	})
	if err != nil {
		return err
	}
	if webhook == nil {
		return errors.New("no operation has a callback " + subscriptionKey)
	}
	if err := writeOut(root, get(webhook, "post")); err != nil {
		return err
	}
	insertAfter(root, "paths", "webhooks", mapping(webhookKey, webhook))
	prune(root, get(root, "components"))
	return nil
}

// writeOut replaces the references of an operation to parameters, bodies and
// responses by what they lead to. oapi-codegen does not see that a webhook uses
// components, and leaves their types out of code that names them.
func writeOut(root, op *yaml.Node) error {
	parameters, responses := get(op, "parameters"), get(op, "responses")
	places := []*yaml.Node{op}
	if parameters != nil {
		places = append(places, parameters)
	}
	if responses != nil {
		places = append(places, responses)
	}
	for _, place := range places {
		for i, n := range place.Content {
			if get(n, "$ref") == nil {
				continue
			}
			target, err := resolve(root, n)
			if err != nil {
				return err
			}
			place.Content[i] = target
		}
	}
	return nil
}

// schemaTo31 changes a schema of OpenAPI 3.0 itself, and not those inside it.
func schemaTo31(schema *yaml.Node) error {
	if nullable := get(schema, "nullable"); nullable != nil {
		remove(schema, "nullable")
		kind := get(schema, "type")
		switch {
		case nullable.Value != "true":
		case kind == nil || kind.Kind != yaml.ScalarNode || get(schema, "enum") != nil:
			return fmt.Errorf("line %d: a nullable schema: want one with a type and without enum", nullable.Line)
		default:
			set(schema, "type", &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle, Content: []*yaml.Node{
				kind, {Kind: yaml.ScalarNode, Tag: "!!str", Value: "null", Style: yaml.SingleQuotedStyle},
			}})
		}
	}
	if example := get(schema, "example"); example != nil {
		insertAfter(schema, "example", "examples", &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{example}})
		remove(schema, "example")
	}
	for _, key := range []string{"exclusiveMinimum", "exclusiveMaximum", "discriminator"} {
		if n := get(schema, key); n != nil {
			return fmt.Errorf("line %d: %s: what it is in OpenAPI 3.1 is not known here", n.Line, key)
		}
	}
	return nil
}
