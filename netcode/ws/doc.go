// Package ws carries sessions over WebSocket.
package ws
