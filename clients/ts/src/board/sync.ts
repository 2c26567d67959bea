import { DecodeError } from '../bits';
import type { Refusal } from '../messages';
import { parsePresence } from '../presence/descriptor';
import { Presence } from '../presence/presence';
import { Code, type Header, Kind, type ParlorError } from '../protocol';
import { object } from '../records/describe';
import { buildMutate, type Opened, readDelta, readReceipt, readReset } from '../records/messages';
import { DeltaFlag } from '../records/wire';
import type { Write } from '../records/write';
import { Signal } from '../signal';
import { readDrags, WHOLE } from '../together/messages';
import { openWords, type OpenWords, Seat, type Tenant } from '../together/seat';
import { type BoardDelta, readBoardDelta, taken } from './delta';
import { OthersDrags, readDragEntries } from './drags';
import { Ends } from './ends';
import { Gestures } from './gestures';
import { Kept, type KeptBoard } from './kept';
import { Layers } from './layers';
import type { Shape } from './shape';
import { BoardWrites, type WritesEvents, type WritesHome } from './writes';

const ABOUT_SHAPES: readonly number[] = [Code.NO_SUCH_SHAPE, Code.SHAPE_LOCKED];

/** What a board is made of: where it is kept, and what was. */
export interface BoardHome {
  readonly name: string;
  readonly now: () => number;
  /** Nothing survives the page without it. */
  readonly writes: WritesHome | undefined;
  readonly before: KeptBoard | undefined;
}

/**
 * A board's way to its server: the seat, the confirmed shapes and where in
 * their history they are, and the writes, drags and members that go over it.
 */
export class BoardSync implements Tenant, WritesEvents {
  readonly seat: Seat;
  readonly layers: Layers;
  readonly writes: BoardWrites;
  readonly gestures: Gestures;
  readonly ends: Ends;
  readonly others = new OthersDrags();
  readonly presence: Presence<any, any>;
  readonly settings = new Map<string, unknown>();
  readonly kept: Kept | undefined;
  readonly changes = new Signal<[ids: ReadonlySet<string>]>();
  readonly refusals = new Signal<[name: string, args: unknown, error: ParlorError]>();
  role = '';
  user = '';
  /** All shapes have come at least once, or were kept. */
  loaded = false;
  onLoaded: () => void = () => {};

  private schema = '';
  private schemaHash = 0n;
  private epoch = 0n;
  private cursor = 0n;
  private due = 0n; // the sequence at which the seat was opened, and what this client had done by then
  private done = 0;
  private stale = false; // the confirmed shapes are of another history
  private staging: { shapes: Map<string, Shape>; settings: Record<string, unknown> } | undefined;

  constructor({ name, now, writes, before }: BoardHome) {
    this.seat = new Seat(name, this);
    const { seat } = this;
    const port = {
      get online() {
        return seat.online;
      },
      send: (kind: number, body: Uint8Array) => seat.send(kind, body),
      now,
    };
    this.presence = new Presence(port);
    this.gestures = new Gestures(port);
    this.layers = new Layers((id) => this.others.held.get(id)?.geo ?? this.gestures.at(id));
    this.ends = new Ends(this.layers.effects, () => this.show());
    this.writes = new BoardWrites(this.layers.effects, this, writes, before?.user ?? '');
    if (writes !== undefined) this.kept = new Kept(writes.disk, writes.scope, () => this.picture());
    if (before !== undefined) this.restore(before);
  }

  words(user: string): OpenWords {
    if (this.user !== '' && this.user !== user) this.changeUser(user);
    this.user = this.layers.by = this.writes.user = user;
    return openWords({ client: this.writes.outlet.client, epoch: this.epoch, cursor: this.cursor, schemaHash: this.schemaHash });
  }

  opened(o: Opened): void {
    if (o.schema !== undefined) this.schema = o.schema;
    if (this.schema === '') throw new DecodeError('the server sent no descriptor');
    const described = object(JSON.parse(this.schema), 'no object');
    this.schemaHash = o.schemaHash;
    this.role = o.role;
    if (this.epoch !== o.epoch) this.begin(o.epoch);
    [this.due, this.done] = [o.seq, o.last];
    this.staging = undefined;
    this.presence.opened(parsePresence(described.presence ?? {}), o.member, o.hz);
    const { outlet } = this.writes;
    outlet.opened((w) => this.sendWrite(w), o);
    this.gestures.opened(o.hz);
    if (this.cursor === o.seq) this.complete(new Set());
    void this.writes.adopt().catch(() => {});
  }

  renewed({ role }: Opened): void {
    this.role = role;
    this.seat.statuses.emit(this.seat.status, undefined);
  }

  receive(head: Header, body: Uint8Array): void {
    switch (head.kind) {
      case Kind.Delta:
        return this.onDelta(head.flags, body);
      case Kind.Receipt:
        if (!this.loaded) this.complete(new Set());
        return this.writes.outlet.receipt(readReceipt(body));
      case Kind.Drags:
        return this.onDrags(readDrags(body), (head.flags & WHOLE) !== 0);
      case Kind.Reset:
        return this.begin(readReset(body).epoch);
    }
    this.presence.receive(head, body);
  }

  refused(refusal: Refusal): void {
    const { code, request } = refusal;
    if (request === 0 && (ABOUT_SHAPES.includes(code) || this.role === 'reader')) {
      this.ends.stop(); // of a drag, which it does not name: the shapes say what counts
      this.show();
    }
    this.presence.refused(refusal);
  }

  lost(): void {
    this.presence.lost();
    this.gestures.pace.stop();
    this.writes.outlet.lost();
    const changed = new Set<string>();
    this.others.clear(changed);
    this.tell(this.layers.update(changed));
    this.onLost();
  }

  /** Called when the seat is gone: what was sent last may not have arrived. */
  onLost: () => void = () => {};

  /** Effects began or ended. */
  shown(): void {
    this.show();
  }

  rejected({ content: { name, args } }: Write, error: ParlorError): void {
    this.refusals.emit(name, args, error);
  }

  reseat(): void {
    this.seat.reopen();
  }

  /** Shows shapes anew, some of which have come from the server. */
  show(confirmed: Iterable<string> = []): void {
    this.tell(this.layers.refresh(confirmed));
  }

  tell(changed: ReadonlySet<string>): void {
    if (changed.size > 0) this.changes.emit(changed);
  }

  close(): void {
    this.kept?.flush();
    this.seat.end();
    this.writes.close();
    this.ends.stop();
  }

  private onDelta(flags: number, body: Uint8Array): void {
    const { seq, payload } = readDelta(body);
    const d = readBoardDelta(payload);
    if ((flags & DeltaFlag.Snapshot) === 0) {
      this.cursor = seq;
      return this.complete(this.apply(d));
    }
    this.staging ??= { shapes: new Map(), settings: {} };
    for (const e of d.set) {
      const shape = taken(this.staging.shapes.get(e.id), e);
      if (shape !== undefined) this.staging.shapes.set(e.id, shape);
    }
    Object.assign(this.staging.settings, d.settings);
    if ((flags & DeltaFlag.Part) !== 0) return;
    this.cursor = seq;
    this.complete(this.replace());
  }

  /** Applies changes; returns the shapes that they are about. */
  private apply({ set, remove, settings }: BoardDelta): Set<string> {
    const { confirmed } = this.layers;
    const ids = new Set<string>(remove);
    for (const id of remove) {
      confirmed.delete(id);
      this.others.held.delete(id); // nobody says that its drag has ended
    }
    for (const e of set) {
      const shape = taken(confirmed.get(e.id), e);
      if (shape !== undefined) confirmed.set(e.id, shape);
      ids.add(e.id);
    }
    this.set(settings);
    return ids;
  }

  /** Puts the snapshot that has come in the place of what was held. */
  private replace(): Set<string> {
    const { confirmed } = this.layers;
    const { shapes, settings } = this.staging ?? { shapes: new Map<string, Shape>(), settings: {} };
    this.staging = undefined;
    this.stale = false;
    const ids = new Set([...confirmed.keys(), ...shapes.keys()]);
    confirmed.clear();
    for (const [id, s] of shapes) confirmed.set(id, s);
    this.settings.clear();
    this.set(settings);
    return ids;
  }

  private set(settings: Record<string, unknown>): void {
    for (const [key, value] of Object.entries(settings)) {
      if (value === null) this.settings.delete(key);
      else this.settings.set(key, value);
    }
  }

  /** The shapes are those of one moment of the server's; the ids have changed. */
  private complete(ids: Set<string>): void {
    if (this.stale) for (const id of this.replace()) ids.add(id);
    if (this.cursor >= this.due && this.done > 0) {
      this.writes.arrived(this.done);
      this.done = 0;
    }
    const first = !this.loaded;
    this.loaded = true;
    this.kept?.save();
    this.show(ids);
    if (first) this.onLoaded();
  }

  /** Another history begins, with a snapshot; what was held is shown until that is here. */
  private begin(epoch: bigint): void {
    this.epoch = epoch;
    this.cursor = 0n;
    this.stale = true;
    this.staging = undefined;
  }

  private onDrags(payload: Uint8Array, whole: boolean): void {
    const entries = readDragEntries(payload);
    const changed = this.others.take(entries, whole, this.presence.me);
    this.ends.ended(entries);
    this.tell(this.layers.update(changed));
  }

  private sendWrite({ id, content: { name, bytes }, void: gone }: Write): void {
    this.seat.send(Kind.Mutate, buildMutate({ id, name: gone ? '' : name, args: gone ? new Uint8Array() : bytes, version: 0, void: gone }));
  }

  /** What the old user could see must not stay, and what they wrote must not be sent. */
  private changeUser(user: string): void {
    this.writes.changeUser(user);
    this.begin(0n);
    this.schemaHash = 0n;
    this.loaded = false;
    this.show(this.replace());
  }

  private picture(): KeptBoard | undefined {
    if (!this.loaded || this.stale) return undefined;
    const { user, epoch, cursor, schemaHash, schema, role } = this;
    return { user, epoch, cursor, schemaHash, schema, role, shapes: [...this.layers.confirmed.values()], settings: Object.fromEntries(this.settings) };
  }

  private restore(k: KeptBoard): void {
    [this.user, this.epoch, this.cursor, this.schemaHash, this.schema, this.role] = [k.user, k.epoch, k.cursor, k.schemaHash, k.schema, k.role];
    this.layers.by = k.user;
    for (const s of k.shapes) this.layers.confirmed.set(s.id, s);
    this.set(k.settings);
    this.loaded = true;
    this.show(this.layers.confirmed.keys());
  }
}
