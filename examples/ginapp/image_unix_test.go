//go:build unix

package main

import (
	"cmp"
	"debug/elf"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
)

// image is what the Dockerfile makes, without a container engine: a directory
// and what to run in it.
type image struct {
	*testing.T
	root       string
	entrypoint []string
	env        []string
	uid, gid   uint32
	chroot     bool // run it there, as the image's user; else only beside it
}

// TestTheImage carries out the Dockerfile: it runs the commands of the first
// stage, copies what the second one copies into an empty directory, and works
// with the service in there, which it kills in the middle. As root it changes
// root and user, as a container does. It takes minutes where nothing is
// compiled yet, so only make examples and GINAPP_IMAGE=1 run it.
func TestTheImage(t *testing.T) {
	if os.Getenv("GINAPP_IMAGE") == "" {
		t.Skip("set GINAPP_IMAGE=1 to build the image's binary and run it in an empty root (make examples does)")
	}
	im := build(t)
	if im.chroot {
		t.Logf("as root: the binary runs in an empty root as user %d, with the image's files and nothing else", im.uid)
	} else {
		t.Log("not as root: the binary runs with an empty environment, beside the files of the image and not in a root of its own")
	}
	mustBeStatic(t, filepath.Join(im.root, im.entrypoint[0]))

	hook := freeAddress(t)
	ops := freeAddress(t)
	mock, err := mockserver.New(mockserver.Config{
		ExecTime: mockserver.Fixed(2 * time.Second),
		Auth: mockserver.Auth{
			Mode: mockserver.AuthStrict, Clients: map[string]mockserver.AuthClient{"app": {Secret: "hush-hush-hush-hush"}},
			Tenants: map[string]string{"a-tenant": "1000001"},
		},
		Subscription: mockserver.Subscription{URL: "http://" + hook + webhookPath, SigningKey: signingKey},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer mock.Close()
	erp := httptest.NewTLSServer(mock)
	defer erp.Close()
	im.trust(erp)
	im.env = append(im.env,
		"ADDR="+hook, "OPS_ADDR="+ops, "API_TOKEN="+apiToken, "ERP_URL="+erp.URL, "ERP_TOKEN_URL="+erp.URL+"/connect/token",
		"ERP_TENANT_ID=a-tenant", "ERP_CLIENT_ID=app", "ERP_CLIENT_SECRET=hush-hush-hush-hush", "WEBHOOK_SIGNING_KEYS="+signingKey)

	service := im.start()
	im.healthy()
	if code, text := call(t, http.MethodPost, "http://"+hook+"/orders", good); code != http.StatusAccepted {
		t.Fatalf("answered %d %s", code, text)
	}
	testkit.Eventually(t, "the ERP has the order", func() bool { return len(taken(mock)) == 1 })
	if err := service.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = service.Wait()
	service = im.start()
	im.healthy()
	var last string
	testkit.Eventually(t, "the order is done", func() bool {
		_, last = call(t, http.MethodGet, "http://"+hook+"/orders/4711", "")
		return strings.Contains(last, `"state":"done"`)
	})
	var s status
	if err := json.Unmarshal([]byte(last), &s); err != nil || s.Invoice != "003549" || len(taken(mock)) != 2 {
		t.Errorf("got %s after %d operations", last, len(taken(mock)))
	}
	if err := service.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := service.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
	if err := im.command("healthcheck").Run(); err == nil {
		t.Error("a service that ended is healthy")
	}
}

// build carries out the Dockerfile.
func build(t *testing.T) *image {
	im := &image{T: t, root: t.TempDir(), chroot: os.Geteuid() == 0}
	out := t.TempDir()
	list := dockerfile(t)
	stage := 0
	for _, in := range list {
		words := strings.Fields(in.rest)
		switch {
		case in.name == "FROM":
			stage++
		case in.name == "RUN" && stage == 1:
			c := exec.CommandContext(t.Context(), "sh", "-c", strings.ReplaceAll(in.rest, "/out/", out+"/"))
			c.Dir = root
			if text, err := c.CombinedOutput(); err != nil {
				t.Fatalf("RUN %s: %v\n%s", in.rest, err, text)
			}
		case in.name == "COPY" && stage == 2:
			im.copy(out, words[1:])
		case in.name == "ENV":
			im.env = append(im.env, in.rest)
		case in.name == "USER":
			im.uid, im.gid = ids(t, in.rest)
		case in.name == "ENTRYPOINT":
			if err := json.Unmarshal([]byte(in.rest), &im.entrypoint); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !im.chroot {
		im.env = []string{"DATA_DIR=" + filepath.Join(im.root, "data"), "SSL_CERT_FILE=" + im.certificates()}
	} else if err := os.Chmod(im.root, 0o755); err != nil { // a temporary directory is its owner's only
		t.Fatal(err)
	}
	return im
}

// copy is COPY --from=build.
func (im *image) copy(out string, words []string) {
	owner, hasOwner := strings.CutPrefix(words[0], "--chown=")
	if hasOwner {
		words = words[1:]
	}
	from, to := words[0], filepath.Join(im.root, words[1])
	if rest, made := strings.CutPrefix(from, "/out/"); made {
		from = filepath.Join(out, rest)
	}
	info, err := os.Stat(from)
	if err == nil && info.IsDir() {
		err = errors.Join(os.MkdirAll(to, 0o700), os.CopyFS(to, os.DirFS(from)))
	} else if err == nil {
		var data []byte
		data, err = os.ReadFile(from)
		err = errors.Join(err, os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, data, info.Mode()))
	}
	if err == nil && hasOwner && im.chroot {
		uid, gid := ids(im.T, owner)
		err = os.Chown(to, int(uid), int(gid))
	}
	if err != nil {
		im.Fatalf("COPY %q: %v", words, err)
	}
}

func ids(t *testing.T, text string) (uid, gid uint32) {
	t.Helper()
	u, g, _ := strings.Cut(text, ":")
	a, err := strconv.ParseUint(u, 10, 32)
	b, err2 := strconv.ParseUint(g, 10, 32)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	return uint32(a), uint32(b)
}

func (im *image) certificates() string {
	return filepath.Join(im.root, "etc/ssl/certs/ca-certificates.crt")
}

// trust adds the ERP's certificate to those that the image trusts.
func (im *image) trust(erp *httptest.Server) {
	f, err := os.OpenFile(im.certificates(), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		im.Fatal(err)
	}
	err = pem.Encode(f, &pem.Block{Type: "CERTIFICATE", Bytes: erp.Certificate().Raw})
	if err := errors.Join(err, f.Close()); err != nil {
		im.Fatal(err)
	}
}

// command is the entrypoint with arguments. It has no environment but its own.
func (im *image) command(args ...string) *exec.Cmd {
	program := filepath.Join(im.root, im.entrypoint[0])
	c := exec.Command(program, append(slices.Clone(im.entrypoint[1:]), args...)...)
	c.Env, c.Stdin, c.Stdout, c.Stderr = im.env, nil, nil, nil
	if im.chroot {
		c.Path, c.Dir = im.entrypoint[0], "/"
		c.SysProcAttr = &syscall.SysProcAttr{Chroot: im.root, Credential: &syscall.Credential{Uid: im.uid, Gid: im.gid}}
	}
	return c
}

// start starts the service, which ends with the test at the latest.
func (im *image) start() *exec.Cmd {
	c := im.command()
	var logs safeBuffer
	c.Stderr = &logs
	if err := c.Start(); err != nil {
		im.Fatal(err)
	}
	im.Cleanup(func() {
		if im.Failed() {
			im.Log(&logs)
		}
		if c.ProcessState == nil {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	})
	return c
}

func (im *image) healthy() {
	im.Helper()
	testkit.Eventually(im.T, "the image's health check succeeds", func() bool { return im.command("healthcheck").Run() == nil })
}

// mustBeStatic wants a program that needs no library and no loader.
func mustBeStatic(t *testing.T, path string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Logf("not looked at on %s: whether the binary is static", runtime.GOOS)
		return
	}
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	libraries, err := f.ImportedLibraries()
	if len(libraries) > 0 {
		t.Errorf("needs %q, %v", libraries, err)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			loader, _ := io.ReadAll(p.Open())
			t.Errorf("needs the loader %s", cmp.Or(string(loader), "?"))
		}
	}
}

// freeAddress is one of this machine where nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
