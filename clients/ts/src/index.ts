/**
 * Parlor's client for browsers. Of games it joins rooms, mirrors their tables,
 * sends inputs, predicts the player's own row and interpolates the others'.
 *
 *     const client = new Client('ws://127.0.0.1:7777');
 *     const room = await client.joinOrCreate<Arena>('arena', { name: 'Ada' });
 *     room.tables.Players.onChange((id, player) => draw(id, player));
 *     room.send('Shoot', {});
 *
 * records.ts is the client with record rooms as well.
 *
 * @module
 */
export { Client, type ClientOptions, type ClientStatus, type JoinOptions } from './client';
export { Room, type AnyWorld, type RoomStatus, type Seat, type World } from './room';
export { Table } from './table';
export { Interpolation } from './interpolation';
export { Prediction, Predictor, type PredictionOptions, type Step } from './prediction';
export { RoundTrip, TickClock } from './clock';
export { CommandPacer } from './pacer';
export { simulateNetwork, type Conditions } from './netsim';
export { dialWebSocket, type Dial, type Transport } from './transport';
export { Code, codeName, ParlorError, PROTOCOL_VERSION } from './protocol';
export { type Column, ColumnFlag, ColumnKind, type EventDef, type InputDef, type Schema, schemaHash, type TableDef } from './schema';
export { DecodeError } from './bits';
export type { Hash, Scalar } from './cell';
export { Mirror, MirrorTable } from './mirror';
export { decodeRecord, encodeRecord, Shape } from './record';
export { turn, wrapAngle } from './blend';
export type { Unsubscribe } from './signal';
