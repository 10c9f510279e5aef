package wire

// An Accepted is the body of a 202.
type Accepted struct {
	ID              string `json:"id"`
	StateLocation   string `json:"stateLocation"`
	ContentLocation string `json:"contentLocation,omitempty"`
}
