package synth

// seed is where the random numbers of one value begin.
type seed uint64

// mix spreads the bits of x (the finalizer of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// name returns the seed of a part with that name.
func (s seed) name(name string) seed {
	const offset, prime = 14695981039346656037, 1099511628211 // of FNV-1a
	h := uint64(offset)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * prime
	}
	return seed(mix(uint64(s) ^ h))
}

// index returns the seed of the part with that number.
func (s seed) index(i int) seed { return seed(mix(uint64(s) + uint64(i)*0x632be59bd9b4e019 + 1)) }

// below returns a number from 0 up to n, which is above 0.
func (s seed) below(n int) int { return int(mix(uint64(s)^0x5851f42d4c957f2d) % uint64(n)) }

// rng is a sequence of random numbers.
type rng struct{ state uint64 }

func (s seed) rng() *rng { return &rng{uint64(s)} }

func (r *rng) below(n int) int {
	r.state++
	r.state = mix(r.state)
	return int(r.state % uint64(n))
}
