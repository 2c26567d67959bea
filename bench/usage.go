//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// jiffies is how many units of CPU time /proc counts in a second.
const jiffies = 100

// cpuOf is the CPU time of a process, user and system, in seconds.
func cpuOf(pid int) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The second field is the name in parentheses, which may contain anything.
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	const user, system = 11, 12
	return (number(fields, user) + number(fields, system)) / jiffies
}

// cpuOfAll is the CPU time that the whole machine was not idle, in seconds.
func cpuOfAll() (busy float64) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(b), "\n")
	fields := strings.Fields(line)
	const first, idle, iowait, last = 1, 4, 5, 8 // beyond are guests, which count as user too
	for i := first; i <= last; i++ {
		if i != idle && i != iowait {
			busy += number(fields, i)
		}
	}
	return busy / jiffies
}

// rssOf is the memory that a process holds, in bytes.
func rssOf(pid int) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return number(strings.Fields(rest), 0) * 1024
		}
	}
	return 0
}

// number is a field as a number, 0 if it is none.
func number(fields []string, i int) float64 {
	if i >= len(fields) {
		return 0
	}
	v, _ := strconv.ParseFloat(fields[i], 64)
	return v
}
