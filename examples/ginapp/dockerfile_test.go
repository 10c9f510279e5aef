package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.." // of the module, from which the image is built

// instruction is a line of the Dockerfile.
type instruction struct{ name, rest string }

// dockerfile reads the Dockerfile. It knows neither continued lines nor
// anything else that this one does without.
func dockerfile(t *testing.T) (list []instruction) {
	t.Helper()
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	known := []string{"FROM", "WORKDIR", "COPY", "RUN", "ENV", "VOLUME", "USER", "EXPOSE", "HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT"}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		name, rest, _ := strings.Cut(line, " ")
		if !slices.Contains(known, name) || strings.HasSuffix(rest, `\`) {
			t.Fatalf("not understood: %s", line)
		}
		list = append(list, instruction{name, rest})
	}
	return list
}

// only returns what the single instruction of a name says.
func only(t *testing.T, list []instruction, name string) string {
	t.Helper()
	var found []string
	for _, in := range list {
		if in.name == name {
			found = append(found, in.rest)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d times %s", len(found), name)
	}
	return found[0]
}

func TestTheDockerfileFitsTheModule(t *testing.T) {
	list := dockerfile(t)
	mod, err := os.ReadFile(root + "/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(mod))
	var stages []string
	made := []string{"/etc/ssl/certs/ca-certificates.crt"} // is in the golang image
	for _, in := range list {
		words := strings.Fields(in.rest)
		switch in.name {
		case "FROM":
			stages = append(stages, words[0])
		case "RUN":
			for _, w := range words {
				if strings.HasPrefix(w, "/out/") {
					made = append(made, w)
				}
				if strings.HasPrefix(w, "./") {
					exists(t, root+"/"+w)
				}
			}
		case "COPY":
			from, isStage := strings.CutPrefix(words[0], "--from=")
			if isStage && from != "build" {
				t.Errorf("COPY from %s", from)
			}
			paths := slices.DeleteFunc(words, func(w string) bool { return strings.HasPrefix(w, "--") })
			for _, p := range paths[:len(paths)-1] {
				if !isStage {
					exists(t, root+"/"+p)
				} else if !slices.Contains(made, p) {
					t.Errorf("nothing makes %s", p)
				}
			}
		}
	}
	if want := "golang:" + version[1]; len(stages) != 2 || stages[0] != want || stages[1] != "scratch" {
		t.Errorf("stages %q, want %s and scratch", stages, want)
	}
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range regexp.MustCompile(`examples/\S+Dockerfile`).FindAllString(string(text), -1) {
		exists(t, root+"/"+path)
	}
	exists(t, "Dockerfile.dockerignore")
}

func exists(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

// What the image says of ports, user, data and time is what the program does.
func TestTheDockerfileFitsTheProgram(t *testing.T) {
	list := dockerfile(t)
	c, err := parse(production())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := only(t, list, "EXPOSE"), strings.TrimPrefix(c.addr, ":")+" "+strings.TrimPrefix(c.opsAddr, ":"); got != want {
		t.Errorf("EXPOSE %s, want %s", got, want)
	}
	if user := only(t, list, "USER"); !regexp.MustCompile(`^[1-9]\d+:[1-9]\d+$`).MatchString(user) {
		t.Errorf("USER %s, want a number that is not root's: scratch has no names", user)
	}
	if env, volume := only(t, list, "ENV"), only(t, list, "VOLUME"); env != "DATA_DIR="+volume {
		t.Errorf("ENV %s and VOLUME %s", env, volume)
	}
	if check := only(t, list, "HEALTHCHECK"); !strings.HasSuffix(check, `CMD ["/ginapp", "healthcheck"]`) {
		t.Errorf("HEALTHCHECK %s", check)
	}
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "SHUTDOWN_TIMEOUT, "+c.shutdown.String()) {
		t.Errorf("the comment on SHUTDOWN_TIMEOUT is not %v", c.shutdown)
	}
}
