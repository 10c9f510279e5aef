package mockserver

import "strconv"

// What is written for every operation and every look is encoded by hand: as
// mustJSON does, which a test compares.

// appendText appends a JSON text.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return append(b, mustJSON(s)...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// appendField appends the name of a field, which is plain, and its text.
func appendField(b []byte, name, text string) []byte {
	return appendText(appendName(b, name), text)
}

// appendName appends what comes before a field's value.
func appendName(b []byte, name string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(b, name...)
	return append(b, '"', ':')
}

// appendWire appends a field unless it is left out.
func appendWire(b []byte, name string, value wireText) []byte {
	if value == "" {
		return b
	}
	return append(appendName(b, name), value...)
}

// appendOptional appends a field that may be null.
func appendOptional(b []byte, name string, text *string) []byte {
	if text == nil {
		return append(appendName(b, name), "null"...)
	}
	return appendField(b, name, *text)
}

func (a *accepted) encode() []byte {
	b := append(make([]byte, 0, 256), '{')
	b = appendField(b, "id", a.ID)
	b = appendField(b, "stateLocation", a.StateLocation)
	if a.ContentLocation != "" {
		b = appendField(b, "contentLocation", a.ContentLocation)
	}
	return append(b, '}')
}

func (n *notificationBody) encode() []byte {
	b := append(make([]byte, 0, 320), '{')
	b = appendField(b, "id", n.ID)
	b = strconv.AppendInt(appendName(b, "statusCode"), int64(n.StatusCode), 10)
	b = appendField(b, "stateLocation", n.StateLocation)
	b = appendWire(b, "contentLocation", n.ContentLocation)
	return append(b, '}')
}

func (d *stateDocument) encode() []byte {
	b := append(make([]byte, 0, 640), '{')
	b = appendField(b, "id", d.ID)
	b = appendField(b, "status", d.Status)
	b = strconv.AppendInt(appendName(b, "statusCode"), int64(d.StatusCode), 10)
	b = appendWire(b, "receivedUtc", d.ReceivedUTC)
	b = appendWire(b, "startedUtc", d.StartedUTC)
	b = appendWire(b, "finishedUtc", d.FinishedUTC)
	b = appendField(b, "webhookAddress", d.WebhookAddress)
	b = appendOptional(b, "errorMessage", d.ErrorMessage)
	b = appendOptional(b, "reference", d.Reference)
	b = appendField(b, "originalUri", d.OriginalURI)
	b = strconv.AppendBool(appendName(b, "hasResponseContent"), d.HasResponseContent)
	b = strconv.AppendBool(appendName(b, "hasRequestContent"), d.HasRequestContent)
	b = appendWire(b, "contentLocation", d.ContentLocation)
	b = appendName(b, "responseHeaders")
	if d.ResponseHeaders == nil {
		b = append(b, "null"...)
	} else {
		b = append(b, mustJSON(d.ResponseHeaders)...)
	}
	return append(b, '}')
}
