// Package schema is Parlor's wire protocol: message kinds and their header,
// error and close codes, the schema descriptor with its hash, builders for
// every message, and the verifier that every inbound body passes before a
// generated accessor reads it. docs/protocol.md is the specification.
//
// The FlatBuffers tables are in protocol.fbs and the code made from them in
// schema/fb; "node schema/generate.mjs" makes it anew.
package schema

//go:generate node generate.mjs
