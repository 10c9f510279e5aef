//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/vismanet-go/background/internal/testkit"
)

// TestTheImage carries out the Dockerfile without a container engine: it runs the
// commands of the first stage, copies what the second one copies into an empty
// directory, and has the mock serve from there. As root it changes root and user,
// as a container does. Only make examples and IMAGE_ERPMOCK=1 run it, for it
// compiles the program.
func TestTheImage(t *testing.T) {
	if os.Getenv("IMAGE_ERPMOCK") == "" {
		t.Skip("set IMAGE_ERPMOCK=1 to build the image's binary and run it in an empty root (make examples does)")
	}
	im := buildImage(t)
	im.env = slices.DeleteFunc(im.env, func(v string) bool { return strings.HasPrefix(v, "ERPMOCK_LISTEN=") })
	im.env = append(im.env, "ERPMOCK_LISTEN=127.0.0.1:0", "ERPMOCK_PORT_FILE="+im.path("/data/port"))
	mock := im.command("serve", "--data", im.path("/data/mock"))
	var logs bytes.Buffer
	mock.Stdout, mock.Stderr = &logs, &logs
	if err := mock.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mock.Process.Kill() }()
	testkit.Eventually(t, "its port file", func() bool {
		_, err := os.Stat(filepath.Join(im.root, "data/port"))
		return err == nil
	})
	if out, err := im.command(im.health[1:]...).CombinedOutput(); err != nil || string(out) != "ready\n" {
		t.Errorf("the health check: %v, %s", err, out)
	}
	port, err := os.ReadFile(filepath.Join(im.root, "data/port"))
	if err != nil {
		t.Fatal(err)
	}
	req, _ := http.NewRequest("GET", "http://127.0.0.1:"+strings.TrimSpace(string(port))+"/v1/customerinvoice/003501", nil)
	req.Header.Set("erp-api-background", "none")
	if resp, body := get(t, req); resp.StatusCode != 202 {
		t.Errorf("got %s %s", resp.Status, body)
	}
	if err := mock.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := mock.Wait(); err != nil {
		t.Errorf("it ended with %v\n%s", err, logs.String())
	}
	if _, err := os.Stat(filepath.Join(im.root, "data/port")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the port file is left behind: %v", err)
	}
}

// image is what the Dockerfile makes: a directory and what to run in it.
type image struct {
	root               string
	entrypoint, health []string
	env                []string
	uid, gid           int
	chroot             bool // run it there, as the image's user; else only beside it
}

func buildImage(t *testing.T) *image {
	data, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	im := &image{root: t.TempDir(), chroot: os.Geteuid() == 0}
	out, stage := t.TempDir(), 0
	for line := range strings.Lines(string(data)) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		var err error
		switch {
		case name == "FROM":
			stage++
		case name == "RUN" && stage == 1:
			c := exec.CommandContext(t.Context(), "sh", "-c", strings.ReplaceAll(rest, "/out/", out+"/"))
			c.Dir = "../../.."
			var text []byte
			if text, err = c.CombinedOutput(); err != nil {
				t.Log(string(text))
			}
		case name == "COPY" && stage == 2:
			err = im.copy(out, strings.Fields(rest)[1:])
		case name == "ENV":
			im.env = append(im.env, rest)
		case name == "USER":
			im.uid, im.gid, err = ids(rest)
		case name == "ENTRYPOINT":
			err = json.Unmarshal([]byte(rest), &im.entrypoint)
		case name == "HEALTHCHECK":
			_, list, _ := strings.Cut(rest, " CMD ")
			err = json.Unmarshal([]byte(list), &im.health)
		}
		if err != nil {
			t.Fatalf("%s: %v", strings.TrimSpace(line), err)
		}
	}
	if im.chroot {
		err = os.Chmod(im.root, 0o755) // a temporary directory is its owner's only
	}
	if err != nil || len(im.entrypoint) != 1 || len(im.health) < 2 || im.health[0] != im.entrypoint[0] {
		t.Fatalf("got %+v, %v; want an entrypoint and a health check with it", im, err)
	}
	return im
}

// copy is COPY --from=build.
func (im *image) copy(out string, words []string) error {
	owner, hasOwner := strings.CutPrefix(words[0], "--chown=")
	if hasOwner {
		words = words[1:]
	}
	from, to := words[0], filepath.Join(im.root, words[1])
	if rest, made := strings.CutPrefix(from, "/out/"); made {
		from = filepath.Join(out, rest)
	}
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if info.IsDir() {
		err = os.MkdirAll(to, 0o700)
	} else {
		var data []byte
		data, err = os.ReadFile(from)
		err = errors.Join(err, os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, data, info.Mode()))
	}
	if err == nil && hasOwner && im.chroot {
		var uid, gid int
		uid, gid, err = ids(owner)
		err = errors.Join(err, os.Chown(to, uid, gid))
	}
	return err
}

func ids(text string) (uid, gid int, err error) {
	u, g, _ := strings.Cut(text, ":")
	uid, err = strconv.Atoi(u)
	gid, err2 := strconv.Atoi(g)
	return uid, gid, errors.Join(err, err2)
}

// path is a path in the image as what runs there names it.
func (im *image) path(name string) string {
	if im.chroot {
		return name
	}
	return filepath.Join(im.root, name)
}

// command is the entrypoint with arguments. It has no environment but its own.
func (im *image) command(args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(im.root, im.entrypoint[0]), args...)
	c.Env = im.env
	if im.chroot {
		c.Path, c.Dir = im.entrypoint[0], "/"
		c.SysProcAttr = &syscall.SysProcAttr{Chroot: im.root, Credential: &syscall.Credential{Uid: uint32(im.uid), Gid: uint32(im.gid)}}
	}
	return c
}
