package paths

import "strings"

// maxBases bounds how many base paths the variables of one server make.
const maxBases = 32

// A Variable is one of a server's URL.
type Variable struct {
	Default string
	Enum    []string
}

// Bases are the paths that a server's URL may have, without a slash at the end: one,
// or one for each value of the variables in its path. A variable without a list of
// values stands for any segment.
func Bases(url string, variables map[string]Variable) []string {
	path := url
	if i := strings.Index(path, "://"); i >= 0 {
		path = path[i+len("://"):]
		if i = strings.IndexByte(path, '/'); i < 0 {
			return []string{""}
		}
		path = path[i:]
	} else if after, ok := strings.CutPrefix(path, "//"); ok {
		_, path, _ = strings.Cut(after, "/")
	}
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	var kept []string
	for s := range strings.SplitSeq(path, "/") {
		if s != "" && s != "." && s != ".." {
			kept = append(kept, s)
		}
	}
	list := []string{""}
	for _, s := range kept {
		list = appended(list, s, variables)
	}
	return list
}

// appended appends a segment, with each value of the variables in it.
func appended(bases []string, segment string, variables map[string]Variable) []string {
	forms := []string{segment}
	for name, v := range variables {
		hole := "{" + name + "}"
		if !strings.Contains(segment, hole) || len(v.Enum) == 0 || len(bases)*len(forms)*len(v.Enum) > maxBases {
			continue
		}
		var filled []string
		for _, form := range forms {
			for _, value := range v.Enum {
				filled = append(filled, strings.ReplaceAll(form, hole, value))
			}
		}
		forms = filled
	}
	var list []string
	for _, base := range bases {
		for _, form := range forms {
			if form = strings.Trim(form, "/"); form != "" {
				form = "/" + form
			}
			list = append(list, base+form)
		}
	}
	return list
}
