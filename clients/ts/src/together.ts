/**
 * Parlor's client with all rooms: games, record rooms (records.ts), presence
 * rooms, boards and Yjs rooms, on one connection and as one user.
 *
 *     const client = new Client(location.origin);
 *
 *     const cursors = await client.presence<Cursor>('cursors/lobby', { state: { Name: 'Ada' } });
 *     onpointermove = (e) => cursors.show({ X: e.x, Y: e.y });
 *     cursors.onChange(() => draw(cursors.others));
 *
 *     const board = await client.board('board/main', { offline: true });
 *     const id = board.add({ kind: 'rect', geo: { x: 10, y: 10, w: 100, h: 60 } });
 *     const gesture = board.newGesture();
 *     board.drag(gesture, [{ id, x: 20, y: 10, w: 100, h: 60, r: 0 }]);
 *     board.endDrag(gesture);
 *     board.onChange(() => draw(board.sorted()));
 *
 *     const provider = new YjsProvider(client, 'notes/x', doc, { Y, awarenessProtocol });
 *
 * @module
 */
export * from './records';
export { TogetherClient as Client, type BoardOptions, type PresenceOptions, type TogetherClientOptions as ClientOptions } from './together/client';
export type { Member } from './presence/members';
export { type Casted, type CastTo, Presence, type Rect } from './presence/presence';
export { PresenceRoom } from './presence/room';
export { Board, type BoardState, type EditOptions, type RejectedEdit, type Version } from './board/board';
export type { DraggedShape } from './board/drags';
export type { Geo, Move, NewShape, Op, OrderTo, Shape, ShapePatch } from './board/shape';
export type { SeatStatus } from './together/seat';
export { type Awareness, type AwarenessModule, type YDoc, YjsProvider, type YjsModule, type YjsProviderEvents, type YjsProviderOptions } from './yjs/provider';
