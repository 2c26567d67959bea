/**
 * Parlor's client for browsers. Of games it joins rooms, mirrors their tables,
 * sends inputs, predicts the player's own row and interpolates the others'.
 *
 *     const client = new Client('ws://127.0.0.1:7777');
 *     const room = await client.joinOrCreate<Arena>('arena', { name: 'Ada' });
 *     room.tables.Players.onChange((id, player) => draw(id, player));
 *     room.send('Shoot', {});
 *
 * Of record rooms it keeps live queries, shows writes before they are
 * confirmed, and works offline (types by `parlor gen ts`):
 *
 *     const room = await client.open<tasks.Schema>('tasks/main', { offline: true });
 *     room.mutator('Vote', (local, { Task }) => {
 *       const task = local.Tasks.get(Task);
 *       if (task) local.Tasks.put({ ID: Task, Votes: task.Votes + 1n });
 *     });
 *     const list = room.collection('Tasks').subscribe({ where: { eq: ['List', 'today'] }, orderBy: [['Votes', 'desc']], limit: 50 });
 *     list.onChange(() => draw(list.rows)); // rows that did not change are the same objects
 *     more.onclick = () => list.update({ limit: list.query.limit! + 50 });
 *     add.onclick = () => room.collection('Tasks').create({ ID: newID(), List: 'today', Title: title.value }, 'durable');
 *     up.onclick = () => room.durable('Vote', { Task: id });
 *     room.onRejected((write) => toast(write.error.message, () => write.dismiss()));
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
export { RecordCollection, RecordRoom, type Local } from './records/room';
export { Live } from './records/live';
export type { RecordStatus } from './records/link';
export type { LiveStatus } from './records/subscription';
export type { Cond, Order, Query } from './records/query';
export type { AnyRecords, RecordSchema } from './records/types';
export type { OpenOptions, RecordsHome } from './records/open';
export type { Author, LocalCollection } from './records/overlay';
export { type Delivery, MutationError } from './records/write';
export type { FailedWrite } from './records/writes';
export { newID } from './records/ulid';
export { type Disk, MemoryDisk } from './records/disk';
export type { Tabs } from './records/tabs';
