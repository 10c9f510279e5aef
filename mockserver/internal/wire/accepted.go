package wire

// An Accepted is the body of a 202.
type Accepted struct {
	ID              string `json:"id"`
	StateLocation   string `json:"stateLocation"`
	ContentLocation string `json:"contentLocation,omitempty"`
}

// Encode writes the body.
func (a *Accepted) Encode() []byte {
	b := append(make([]byte, 0, 256), '{')
	b = appendField(b, "id", a.ID)
	b = appendField(b, "stateLocation", a.StateLocation)
	if a.ContentLocation != "" {
		b = appendField(b, "contentLocation", a.ContentLocation)
	}
	return append(b, '}')
}
