//go:build linux

package main

import "context"

func runTicks(context.Context, []string) error   { return nil }
func runIdle(context.Context, []string) error    { return nil }
func serveRooms(context.Context, []string) error { return nil }
