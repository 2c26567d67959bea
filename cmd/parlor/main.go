// Command parlor runs Parlor's demos.
package main

import (
	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/cli"
	"github.com/parlor-server/parlor/demos"
)

func main() {
	cli.Main(parlor.Config{
		Rooms: demos.Rooms(), Records: demos.Records(), Presence: demos.Presence(), Canvas: demos.Canvas(), Web: demos.Web(),
	}, demos.Bots()...)
}
