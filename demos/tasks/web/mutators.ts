import type { RecordRoom } from '../../../clients/ts/src/records';
import type { tasks } from '../../rooms';

/**
 * Says what the board's mutations do to the rows here, so that they show
 * before the server has answered, and while there is no server. Rows that are
 * not here are left to the server.
 */
export function teach(room: RecordRoom<tasks.Schema>): void {
  room.mutator('Add', (local, { ID, List, Title }, { user }) => {
    local.Tasks.create({ ID, List, Title, Votes: 1 });
    local.Ballots.create({ ID: `${ID} ${user}`, Task: ID });
    const list = local.Lists.get(List);
    if (list) local.Lists.put({ Name: List, Tasks: list.Tasks + 1 });
  });
  room.mutator('Rename', (local, { Task, Title }) => {
    if (local.Tasks.get(Task)) local.Tasks.put({ ID: Task, Title });
  });
  room.mutator('Finish', (local, { Task, Done }) => {
    if (local.Tasks.get(Task)) local.Tasks.put({ ID: Task, Done });
  });
  room.mutator('Move', (local, { Task, List }) => {
    const task = local.Tasks.get(Task);
    if (!task || task.List === List) return;
    const [from, to] = [local.Lists.get(task.List), local.Lists.get(List)];
    if (from) local.Lists.put({ Name: from.Name, Tasks: from.Tasks - 1 });
    if (to) local.Lists.put({ Name: to.Name, Tasks: to.Tasks + 1 });
    local.Tasks.put({ ID: Task, List });
  });
  room.mutator('Remove', (local, { Task }) => {
    const task = local.Tasks.get(Task);
    if (!task) return;
    local.Tasks.remove(Task);
    const list = local.Lists.get(task.List);
    if (list) local.Lists.put({ Name: list.Name, Tasks: list.Tasks - 1 });
  });
  room.mutator('Vote', (local, { Task, For }, { user }) => {
    const id = `${Task} ${user}`;
    const task = local.Tasks.get(Task);
    if (!task || For === (local.Ballots.get(id) !== undefined)) return;
    if (For) local.Ballots.create({ ID: id, Task });
    else local.Ballots.remove(id);
    local.Tasks.put({ ID: Task, Votes: task.Votes + (For ? 1 : -1) });
  });
  room.mutator('Hello', (local, { Name }, { user }) => {
    if (local.Members.get(user)) local.Members.put({ User: user, Name });
  });
  room.mutator('SetRole', (local, { User, Role }) => {
    if (local.Members.get(User)) local.Members.put({ User, Role });
  });
}
