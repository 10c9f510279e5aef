package wire

import (
	"encoding/json"
	"strings"
)

// A Notification is the wire form of a notification.
type Notification struct {
	ID              string `json:"id"`
	StatusCode      int    `json:"statusCode"`
	StateLocation   string `json:"stateLocation"`
	ContentLocation Text   `json:"contentLocation,omitzero"`
}

// Pascal is its JSON with names that begin with a capital, and idField, so
// spelt, for the id.
func (n *Notification) Pascal(idField string) []byte {
	return RenameID(JSON(struct {
		ID              string `json:"id"`
		StatusCode      int    `json:"StatusCode"`
		StateLocation   string `json:"StateLocation"`
		ContentLocation Text   `json:"ContentLocation,omitzero"`
	}(*n)), strings.ToUpper(idField[:1])+idField[1:])
}

// Wrap puts an object around a body, in which it has a name.
func Wrap(name string, body []byte) []byte { return JSON(map[string]json.RawMessage{name: body}) }

// RenameID gives the id another name, in an object that begins with it.
func RenameID(object []byte, name string) []byte {
	if name == "id" {
		return object
	}
	return append([]byte(`{"`+name+`"`), object[len(`{"id"`):]...)
}
