// Package yjs is a Yjs document for servers: it takes the updates of stock yjs
// 13.6 clients (format V1), answers their sync protocol and keeps their
// awareness, and lets Go read and write the shared types.
//
//	doc := yjs.New(1, yjs.Limits{})
//	diff, err := doc.Apply(update) // from a client; diff goes to the others
//
// The algorithm is YATA (Nicolaescu et al., "Near Real-Time Peer-to-Peer Shared
// Editing on Extensible Data Types", GROUP 2016) as the Yjs project describes
// its own variant in INTERNALS.md: every inserted element is an item with an
// ID (client, clock) that names its neighbours at the time of its insertion;
// deleted items stay as tombstones, without their content.
//
// How a server's document differs from a client's:
//
//   - A transaction happens as a whole or not at all. An update that is
//     malformed, too large or too costly leaves no trace.
//   - Nothing waits for missing dependencies: such an update is refused with
//     [ErrMissing], and the sync protocol repairs it.
//   - What the server need not understand (JSON, formats, embeds) stays encoded
//     as it came.
//
// A Doc belongs to one goroutine. The subdocuments in it are names only: each is
// a document of its own.
package yjs
