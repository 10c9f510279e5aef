package sqlitequeue_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/queue"
	"github.com/vismanet-go/background/mockserver/queue/sqlitequeue"
)

func newJob(id string) *queue.Job {
	return &queue.Job{
		Operation: operation.Operation{ID: id, Company: "1", Method: "POST", Received: time.Now()},
		Request:   queue.Request{URL: "/v1/x", Body: []byte("{}")},
	}
}

func add(t *testing.T, q queue.Queue, jobs ...*queue.Job) {
	t.Helper()
	for _, j := range jobs {
		if err := q.Add(t.Context(), j); err != nil {
			t.Fatal(err)
		}
	}
}

func take(t *testing.T, q queue.Queue) []*queue.Job {
	t.Helper()
	jobs, err := q.Take(t.Context(), now, queue.Limits{Max: 99, PerCompany: 99})
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}

// behind changes the database behind the queue's back.
func behind(t *testing.T, dir string, statements ...string) {
	t.Helper()
	c, err := sqlitefile.Connect(filepath.Join(dir, "queue.db"))
	if err == nil {
		err = errors.Join(c.Script(strings.Join(statements, ";")), c.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestConfigIsValidated(t *testing.T) {
	_, err := sqlitequeue.Open(t.Context(), sqlitequeue.Config{Durability: "x", Worker: "../x", Lease: 1, Inline: -1, BusyTimeout: -1, AllowFileSystems: []string{"ext4"}})
	for _, field := range []string{"Dir", "Durability", "Worker", "Lease", "Inline", "BusyTimeout", "AllowFileSystems"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not named in: %v", field, err)
		}
	}
	t.Chdir(t.TempDir())
	if q, err := sqlitequeue.Open(t.Context(), sqlitequeue.Config{}); err == nil || err.Error() != "Dir: must not be empty" {
		t.Errorf("no directory: got %v, want an error that asks for one", err)
		_ = q.Close()
	}
}

func TestWorkOutlivesTheQueue(t *testing.T) {
	dir := t.TempDir()
	q, err := sqlitequeue.Open(t.Context(), sqlitequeue.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	add(t, q, newJob("aa"))
	if jobs := take(t, q); len(jobs) != 1 {
		t.Fatalf("took %d", len(jobs))
	}
	q.Count("aa", 3, 2)
	if err := errors.Join(q.Close(), q.Close()); err != nil {
		t.Fatal(err)
	}
	if err := q.Add(t.Context(), newJob("bb")); !errors.Is(err, sqlitequeue.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
	jobs := take(t, open(t, dir, sqlitequeue.Config{}))
	if len(jobs) != 1 || jobs[0].ID != "aa" || jobs[0].Attempts != 1 || jobs[0].StateReads != 3 || string(jobs[0].Request.Body) != "{}" {
		t.Errorf("got %+v", jobs)
	}
}

func TestANamedWorkerFollowsItself(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no locks of files")
	}
	dir := t.TempDir()
	first := open(t, dir, sqlitequeue.Config{Worker: "web-1", Lease: time.Hour})
	if _, err := sqlitequeue.Open(t.Context(), sqlitequeue.Config{Dir: dir, Worker: "web-1"}); !errors.Is(err, sqlitequeue.ErrWorkerBusy) {
		t.Errorf("got %v, want ErrWorkerBusy", err)
	}
	open(t, dir, sqlitequeue.Config{Worker: "web-2"})
	add(t, first, newJob("aa"))
	late := take(t, first)[0]
	// As if the first had been killed: its lock is gone, its lease is not.
	if err := os.Remove(filepath.Join(dir, "worker-web-1.lock")); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir, sqlitequeue.Config{Worker: "web-1"})
	if jobs := take(t, again); len(jobs) != 1 || jobs[0].Attempts != 2 {
		t.Errorf("took %+v, want aa at once", jobs)
	}
	if err := first.Finish(t.Context(), late.Lease(), queue.Result{State: operation.Finished}); !errors.Is(err, queue.ErrLeaseLost) {
		t.Errorf("got %v, want ErrLeaseLost", err)
	}
}

func TestOtherSchemasAreRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		change string
		want   error
	}{
		"newer":          {"PRAGMA user_version = 99", sqlitequeue.ErrNewerSchema},
		"not ours":       {"PRAGMA application_id = 1", sqlitequeue.ErrForeign},
		"another's file": {"PRAGMA application_id = 0; PRAGMA user_version = 0", sqlitequeue.ErrForeign},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			q, err := sqlitequeue.Open(t.Context(), sqlitequeue.Config{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			if err := q.Close(); err != nil {
				t.Fatal(err)
			}
			behind(t, dir, tt.change)
			if _, err := sqlitequeue.Open(t.Context(), sqlitequeue.Config{Dir: dir}); !errors.Is(err, tt.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// A file that was cut off or overwritten is refused, and stays as it is.
func TestDamagedFilesAreRefused(t *testing.T) {
	dir := t.TempDir()
	q, err := sqlitequeue.Open(t.Context(), sqlitequeue.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		j := newJob(fmt.Sprint("job-", i))
		j.Request.Body = bytes.Repeat([]byte("x"), 3000)
		add(t, q, j)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(dir, "queue.db"))
	if err != nil {
		t.Fatal(err)
	}
	refused := func(name string, data []byte) {
		t.Helper()
		at := t.TempDir()
		file := filepath.Join(at, "queue.db")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(at, "created"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlitequeue.Open(t.Context(), sqlitequeue.Config{Dir: at}); !errors.Is(err, sqlitequeue.ErrCorrupt) {
			t.Errorf("%s: got %v, want ErrCorrupt", name, err)
		}
		if now, err := os.ReadFile(file); err != nil || !bytes.Equal(now[:min(len(now), len(data))], data[:min(len(now), len(data))]) && name != "cut to 0" {
			t.Errorf("%s: the file was changed, %v", name, err)
		}
	}
	dice := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 99, 100, 4095, 4096, 40960, len(whole) / 2, len(whole) - 4096, len(whole) - 1} {
		refused(fmt.Sprint("cut to ", n), whole[:n])
	}
	for range 10 {
		at := dice.IntN(len(whole)/4096) * 4096
		torn := bytes.Clone(whole)
		copy(torn[at:at+4096], bytes.Repeat([]byte{0xa5}, 4096))
		refused(fmt.Sprint("page overwritten at ", at), torn)
	}
}

// What a process wrote before it was killed is in the write-ahead log. A torn
// end of it costs nothing that was committed before.
func TestATornLogKeepsWhatWasCommittedBefore(t *testing.T) {
	dir := t.TempDir()
	q := open(t, dir, sqlitequeue.Config{})
	const jobs = 20
	for i := range jobs {
		add(t, q, newJob(fmt.Sprintf("job-%02d", i)))
	}
	main, err := os.ReadFile(filepath.Join(dir, "queue.db"))
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(dir, "queue.db-wal"))
	if err != nil {
		t.Fatal(err)
	}
	last := jobs
	for cut := len(log); cut > 32; cut -= len(log)/25 + 1 {
		at := t.TempDir()
		for name, data := range map[string][]byte{"queue.db": main, "queue.db-wal": log[:cut]} {
			if err := os.WriteFile(filepath.Join(at, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		again, err := sqlitequeue.Open(t.Context(), sqlitequeue.Config{Dir: at})
		if err != nil {
			t.Fatalf("cut to %d: %v", cut, err)
		}
		list, err := again.List(t.Context(), now)
		if err != nil || len(list) > last || cut == len(log) && len(list) != jobs {
			t.Errorf("cut to %d: %d jobs, %v", cut, len(list), err)
		}
		for i, j := range list {
			if want := fmt.Sprintf("job-%02d", i); j.ID != want {
				t.Errorf("cut to %d: job %d is %s, want %s", cut, i, j.ID, want)
			}
		}
		last = len(list)
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestForgottenFilesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	q := open(t, dir, sqlitequeue.Config{Inline: 10})
	j := newJob("aa")
	j.Request.Body = bytes.Repeat([]byte("x"), 100)
	add(t, q, j)
	write := func(name string, age time.Duration) {
		t.Helper()
		file := filepath.Join(dir, "bodies", name)
		if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	write("old", time.Hour)
	write("young", time.Second)
	for _, e := range files(t, dir) { // the job's own file is old too
		if e != "old" && e != "young" {
			if err := os.Chtimes(filepath.Join(dir, "bodies", e), time.Time{}, time.Now().Add(-time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
	}
	again := open(t, dir, sqlitequeue.Config{})
	if got := files(t, dir); len(got) != 2 || got[1] != "young" {
		t.Errorf("left: %v", got)
	}
	// The request goes with the end, the content with the retention.
	taken := take(t, again)[0]
	r := queue.Result{State: operation.Finished, Ended: time.Now(), Expires: time.Now().Add(time.Hour), Content: bytes.Repeat([]byte("c"), 64<<10)}
	if err := again.Finish(t.Context(), taken.Lease(), r); err != nil {
		t.Fatal(err)
	}
	if got := files(t, dir); len(got) != 2 {
		t.Errorf("after the end: %v", got)
	}
	if ok, err := again.Expire(t.Context(), "aa"); !ok || err != nil {
		t.Error(ok, err)
	}
	if got := files(t, dir); len(got) != 1 {
		t.Errorf("after the retention: %v", got)
	}
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "bodies"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// What is refused leaves nothing behind.
func TestRefusedBodiesLeaveNoFile(t *testing.T) {
	dir := t.TempDir()
	q := open(t, dir, sqlitequeue.Config{Inline: 10})
	j := newJob("aa")
	j.Request.Body = bytes.Repeat([]byte("x"), 100)
	add(t, q, j)
	if err := q.Add(t.Context(), j); !errors.Is(err, queue.ErrDuplicate) {
		t.Errorf("got %v", err)
	}
	r := queue.Result{State: operation.Finished, Content: j.Request.Body}
	if err := q.Finish(t.Context(), queue.Lease{ID: "aa", Epoch: 7}, r); !errors.Is(err, queue.ErrLeaseLost) {
		t.Errorf("got %v", err)
	}
	if got := files(t, dir); len(got) != 1 {
		t.Errorf("files: %v", got)
	}
}

func TestOnlyTheUserCanReadTheDirectory(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no modes")
	}
	dir := filepath.Join(t.TempDir(), "new")
	add(t, open(t, dir, sqlitequeue.Config{Inline: 1}), newJob("aa"))
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// now is the machine's time, for all companies.
func now(string) time.Time { return time.Now() }
