/**
 * Parlor's client with record rooms: all of index.ts, and a Client that opens
 * record rooms, keeps live queries, shows writes before they are confirmed, and
 * works offline. `parlor gen ts` writes the types of a program's rooms.
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
export * from './index';
export { RecordClient as Client, type RecordClientOptions as ClientOptions } from './records/client';
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
