package state

import "github.com/parlor-server/parlor/tick"

func (r *rows) keepHistory(hz tick.Rate) {}
