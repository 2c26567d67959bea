import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { spaceRace, tasks } from '../../../cli/testdata/gen';
import type { Client, RecordRoom, Room } from '../src/records';

// What `parlor gen ts` writes must type a page; tsc checks it, nothing runs.

type TaskRoom = RecordRoom<tasks.Schema>;

/** A page of a task board, as its author writes it. */
export async function page(client: Client, draw: (rows: readonly tasks.Tasks[]) => void): Promise<TaskRoom> {
  const room = await client.open<tasks.Schema>('tasks/main', { offline: true });
  room.mutator('Vote', (local, { Task, By }) => {
    const task = local.Tasks.get(Task);
    if (task !== undefined) local.Tasks.put({ ID: Task, Votes: task.Votes + BigInt(By) });
  });
  const list = room.collection('Tasks').subscribe({
    where: { and: [{ eq: ['List', 'today'] }, { gt: ['Votes', 3] }, { lt: ['Due', new Date()] }, { not: { isNull: ['Due'] } }] },
    orderBy: [['Votes', 'desc', 'last'], ['ID']],
    limit: 50,
  });
  list.onChange(() => draw(list.rows));
  list.update({ limit: 100 });
  await room.collection('Tasks').create({ ID: 'a', List: 'today', Votes: 1 }, 'durable');
  await room.collection('Tasks').put({ ID: 'a', Due: Date.now() });
  await room.collection('Notes').remove(7n);
  await room.durable('Vote', { Task: 'a', By: 1 });
  await room.call('Tasks', { Done: true });
  room.fire('Vote', { Task: 'a', By: 1n });
  room.onEvent('Pings', ({ Text }) => Text.length);
  await room.write((local) => {
    local.Tasks.remove('a');
    local.Notes.create({ Text: local.Tasks.all()[0]?.Title });
  });
  return room;
}

/** What does not fit the schema does not compile. */
export async function mistakes(room: TaskRoom): Promise<void> {
  // @ts-expect-error there is no such collection
  room.collection('Tusks');
  // @ts-expect-error a List is required
  await room.collection('Tasks').create({ ID: 'a' });
  // @ts-expect-error there is no such field
  room.collection('Tasks').subscribe({ where: { eq: ['Lost', 'x'] } });
  // @ts-expect-error keys of notes are bigint
  await room.collection('Notes').remove('7');
  // @ts-expect-error there is no such mutation
  await room.call('Veto', {});
  // @ts-expect-error Task is missing
  await room.durable('Vote', { By: 1 });
}

export function game(room: Room<spaceRace.World>): number {
  return [...room.tables.Players].reduce((sum, [, row]) => sum + row.Pos.X + row.Items[0].Count + Number(row.Gold ?? 0n), 0);
}

test('generated types fit the client', () => {
  assert.equal(typeof page, 'function'); // tsc has done the work
});
