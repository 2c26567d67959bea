package tasks

import (
	"fmt"

	"github.com/parlor-server/parlor/persistence/records"
)

// fill makes the lists, and examples, so that there is something to scroll.
func (b *Board) fill(ctx *records.Ctx, examples int) error {
	lists := []string{"Ideas", "Next", "Doing", "Bugs", "Someday"}
	for i, name := range lists {
		if _, err := b.Lists.Insert(List{Name: name, Place: int32(i)}); err != nil {
			return err
		}
	}
	for i := range examples {
		t := Task{ID: fmt.Sprintf("example-%05d", i), List: lists[i%len(lists)], Title: title(i / len(lists) * 7919)}
		t.Done = ctx.Rand().IntN(5) == 0
		t.Votes = int32(ctx.Rand().IntN(20)) * int32(ctx.Rand().IntN(10))
		if _, err := b.Tasks.Insert(t); err != nil {
			return err
		}
		if err := b.count(t.List, 1); err != nil {
			return err
		}
	}
	return nil
}

// title is one of many; neighbours differ.
func title(n int) string {
	verbs := []string{"Paint", "Tune", "Polish", "Rewrite", "Test", "Ship", "Explain", "Shorten", "Record", "Measure", "Light", "Animate"}
	things := []string{"the menu", "the tutorial", "the boss fight", "the trailer", "the credits", "the jump", "the camera", "the lobby",
		"the save file", "the leaderboard", "the intro", "the shop", "the footsteps", "the sky", "the loading screen", "the map",
		"the icon", "the dialogue", "the chest", "the water"}
	ends := []string{"", " on phones", " before the demo", " again", " with Mara"}
	verb, n := verbs[n%len(verbs)], n/len(verbs)
	thing, n := things[n%len(things)], n/len(things)
	return verb + " " + thing + ends[n%len(ends)]
}
