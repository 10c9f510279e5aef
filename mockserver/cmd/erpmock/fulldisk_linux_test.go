package main

import (
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/vismanet-go/background/internal/testkit"
)

// A file system that is full refuses work instead of losing it.
func TestAFullDiskIsAnswered503(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Skip("no small file system to fill, which takes root and mount(2): " + err.Error())
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	hook := newCounter(t)
	f := &fleet{t: t, dir: dir, flags: []string{"--exec-time", "1ms", "--lease", "1s", "--workers", "4"}}
	f.ships = []*ship{f.start()}
	t.Cleanup(f.sink)
	firsts := newSightings(f)
	var tasks []task
	filler := strings.Repeat("x", 60<<10)
	refusals := 0
	for n := 0; refusals < 5; n++ {
		if n > 2000 {
			t.Fatal("the disk does not get full")
		}
		body := strings.Replace(newInvoice("mark-"+strconv.Itoa(n)), `{`, `{"invoiceText":{"value":"`+filler+`"},`, 1)
		a, err := f.ship(0).call("POST", "/v2/customerinvoice", body, "erp-api-background", hook.URL, "ipp-company-id", "101")
		var accepted struct{ ID string }
		switch {
		case err != nil:
			t.Fatal(err)
		case a.status == 503:
			refusals++
		case a.status != 202 || fromJSON(a.body, &accepted) != nil:
			t.Fatalf("%d %s", a.status, a.body)
		default:
			tasks = append(tasks, task{company: "101", mark: "mark-" + strconv.Itoa(n), creates: true, id: accepted.ID})
		}
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	for _, k := range tasks {
		if d := firsts.end(k); d.StatusCode != 201 {
			t.Errorf("%+v", d)
		}
		testkit.Eventually(t, "the notification of "+k.id, func() bool { return hook.of(k.id) > 0 })
	}
	f.verifyInvoices(tasks, firsts)
	t.Logf("%d accepted, then %d times 503", len(tasks), refusals)
	if len(tasks) == 0 {
		t.Error("nothing was accepted before")
	}
}
