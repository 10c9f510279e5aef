package gendoc

// Nasty returns all documents of a version that are nasty and can be read, but
// for those of [Large].
func Nasty(v Version) []Document {
	return []Document{Keywords(v), Recursion(v), Composition(v), Values(v), Examples(v), Names(v), Templates(v), Everything(v)}
}
