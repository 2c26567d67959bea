package board

func flat(style []byte) error { return nil }

func empty(props []byte) error { return nil }

func (d *definition) describe() error { return nil }
