// Package proc tells what processes use: CPU time, memory, files, threads.
// Of other processes it works on Linux only.
package proc

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// OwnCPU is the CPU time that this process has used.
func OwnCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// A Usage is what a process holds.
type Usage struct {
	RSS     int64 // bytes
	PeakRSS int64
	Files   int // open descriptors
	Threads int
	CPU     time.Duration // in steps of 10 ms
}

// Of reads the usage of a process.
func Of(pid int) (Usage, error) {
	var u Usage
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return u, err
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		first, _, _ := strings.Cut(strings.TrimSpace(value), " ")
		n, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			continue
		}
		switch name {
		case "VmRSS":
			u.RSS = n << 10
		case "VmHWM":
			u.PeakRSS = n << 10
		case "Threads":
			u.Threads = int(n)
		}
	}
	if u.CPU, err = cpu(filepath.Join(dir, "stat")); err != nil {
		return u, err
	}
	u.Files, err = Files(pid)
	return u, err
}

// Files counts the open descriptors of a process; 0 stands for this one.
func Files(pid int) (int, error) {
	name := "self"
	if pid != 0 {
		name = strconv.Itoa(pid)
	}
	open, err := os.ReadDir(filepath.Join("/proc", name, "fd"))
	return len(open), err
}

// tick is the unit of times in /proc, which Linux fixes for user space.
const tick = 10 * time.Millisecond

// cpu reads user and system time. They are the fields 14 and 15; the second
// one, in parentheses, may hold blanks.
func cpu(file string) (time.Duration, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("%s: %d fields", file, len(fields))
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick, err
}
