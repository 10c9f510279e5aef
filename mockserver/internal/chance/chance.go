// Package chance is randomness that can be reproduced.
package chance

import (
	"crypto/sha256"
	"encoding/binary"
)

// Of is a number from 0 up to 1, the same for the same arguments.
func Of(seed uint64, name, scope string, n int) float64 {
	in := binary.BigEndian.AppendUint64(nil, seed)
	in = binary.BigEndian.AppendUint64(in, uint64(n))
	sum := sha256.Sum256(append(in, name+"\x00"+scope...))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
}
