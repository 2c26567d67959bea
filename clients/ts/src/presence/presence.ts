import type { Refusal } from '../messages';
import { Code, type Header, Kind, ParlorError } from '../protocol';
import { ByteReader, ByteWriter } from '../records/bytes';
import { type Fields, readRow, toCells, writeRow } from '../records/row';
import { Signal, type Unsubscribe } from '../signal';
import { buildCast, buildGroup, buildLook, buildShow, type LookBody, readCasted, readCrowd, WHOLE } from '../together/messages';
import { Pace } from '../together/pace';
import { readCrowdEntries } from './crowd';
import type { PresenceDescriptor } from './descriptor';
import { type Member, Members } from './members';
import { Shown } from './shown';

/** A part of the plane. */
export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Who gets a cast. */
export interface CastTo {
  /** A group that this connection is in; everyone unless set. */
  group?: string;
  /** One member only. */
  to?: number;
}

/** A cast that arrived. */
export interface Casted<D> {
  /** The member it is from; 0: the server. */
  readonly from: number;
  readonly group: string;
  readonly data: D;
}

/** The room that a presence is part of. */
export interface PresencePort {
  readonly online: boolean;
  send(kind: number, body: Uint8Array): void;
  /** Local clock in milliseconds. */
  now(): number;
}

const AGAIN_MS = 300;

/**
 * Who is in a room and what they show: S is the state's Go struct, C its casts
 * by name. What is shown here is sent at the room's rate, the newest only, and
 * again on each new connection.
 */
export class Presence<S extends object = Record<string, any>, C extends object = Record<string, any>> {
  /** The number of this connection's own member; 0 before there is one. Another one on each connection. */
  me = 0;

  private descriptor: PresenceDescriptor | undefined;
  private readonly crowd = new Members<S>();
  private readonly mine = new Shown();
  private readonly wanted = new Set<string>(); // groups to be in
  private readonly asked = new Map<number, string>(); // groups by the request to enter them
  private looking: LookBody = { x: 0, y: 0, width: 0, height: 0, follow: 0 };
  private looked = true; // it is sent
  private request = 0;
  private sentAt = 0;
  private beat: ReturnType<typeof setInterval> | undefined;
  private again: ReturnType<typeof setTimeout> | undefined;
  private readonly pace: Pace;
  private readonly changes = new Signal<[changed: ReadonlySet<number>]>();
  private readonly errors = new Signal<[error: ParlorError]>();
  private readonly casts = new Map<string, Signal<[cast: Casted<any>]>>();

  constructor(private readonly port: PresencePort) {
    this.pace = new Pace(() => port.now(), () => this.flush());
    this.crowd.onGroup = (group, inside) => this.onGroup(group, inside);
  }

  /** Everyone whom the server shows, this connection too. */
  get members(): ReadonlyMap<number, Member<S>> {
    return this.crowd.held;
  }

  /** This connection's own member, as the server has it. */
  get self(): Member<S> | undefined {
    return this.crowd.held.get(this.me);
  }

  /** Everyone but this connection; the same array until something changes. */
  get others(): readonly Member<S>[] {
    return this.crowd.except(this.me);
  }

  /** What this connection shows, sent or not. */
  get shown(): Readonly<Partial<S>> {
    return this.mine.state as Partial<S>;
  }

  /** The private groups that this connection is in. */
  get groups(): ReadonlySet<string> {
    return this.crowd.groups;
  }

  /** Changes what this connection shows. group: who sees it from now on; '': everyone. */
  show(partial: Partial<S>, { group }: { group?: string } = {}): void {
    const fields = this.descriptor?.state;
    this.mine.change(fields, partial as Fields, group);
    if (!this.mine.due && this.mine.moved) this.mine.change(fields, firstOf(this.self?.state as Fields), group);
    if (this.mine.due && this.port.online) this.pace.ask();
  }

  /** Sends a message that is no state; dropped while there is no connection. */
  cast<N extends keyof C & string>(name: N, data: Partial<C[N]> = {}, { group = '', to = 0 }: CastTo = {}): void {
    const fields = this.descriptor?.casts.get(name);
    if (this.descriptor === undefined || !this.port.online) return;
    if (fields === undefined) throw new TypeError(`the room has no cast ${name}; it has ${[...this.descriptor.casts.keys()].join(', ') || 'none'}`);
    const w = new ByteWriter();
    writeRow(w, fields, toCells(fields, data as Fields));
    this.port.send(Kind.Cast, buildCast({ request: ++this.request, name, data: w.finish(), group, to }));
  }

  onCast<N extends keyof C & string>(name: N, on: (cast: Casted<C[N]>) => void): Unsubscribe {
    let signal = this.casts.get(name);
    if (signal === undefined) this.casts.set(name, (signal = new Signal()));
    return signal.on(on);
  }

  /** Says what part of the plane is drawn, so that the server sends no more; null: all of it. */
  look(rect: Rect | null): void {
    this.see({ ...(rect ?? { x: 0, y: 0, width: 0, height: 0 }), follow: this.looking.follow });
  }

  /** Goes on seeing a member wherever it is; null: nobody. */
  follow(member: number | null): void {
    this.see({ ...this.looking, follow: member ?? 0 });
  }

  /** Asks to be in a private group, on this connection and on later ones. */
  enterGroup(name: string): void {
    if (this.wanted.has(name)) return;
    this.wanted.add(name);
    if (this.port.online) this.askGroup(name);
  }

  leaveGroup(name: string): void {
    if (!this.wanted.delete(name) || !this.port.online) return;
    this.port.send(Kind.Group, buildGroup(++this.request, name, true));
  }

  /** Calls on after each frame with the numbers of members that came, changed or left. */
  onChange(on: (changed: ReadonlySet<number>) => void): Unsubscribe {
    return this.changes.on(on);
  }

  /** Calls on with what the server refused: shows, casts, groups. */
  onError(on: (error: ParlorError) => void): Unsubscribe {
    return this.errors.on(on);
  }

  /** A seat is there; all that this connection shows is to be sent. For the room. */
  opened(descriptor: PresenceDescriptor, me: number, hz: number): void {
    this.descriptor = descriptor;
    this.me = me;
    this.pace.hz = hz > 0 ? hz : 30;
    clearInterval(this.beat);
    this.beat = setInterval(() => this.heartbeat(), Math.max(1000, descriptor.timeout / 3));
    this.asked.clear();
    for (const name of this.wanted) this.askGroup(name);
    this.looked = this.looking.width === 0 && this.looking.follow === 0;
    this.mine.again();
    this.flush();
  }

  /** The seat is gone. For the room. */
  lost(): void {
    clearInterval(this.beat);
    clearTimeout(this.again);
    this.pace.stop();
  }

  /** Takes a message if it is one of presence. For the room. */
  receive(head: Header, body: Uint8Array): boolean {
    if (head.kind === Kind.Crowd) this.onCrowd(readCrowd(body), (head.flags & WHOLE) !== 0);
    else if (head.kind === Kind.Casted) this.onCasted(body);
    else return false;
    return true;
  }

  /** The server refused something. For the room. */
  refused({ code, request, message }: Refusal): void {
    const group = this.asked.get(request);
    this.asked.delete(request);
    if (group !== undefined) this.wanted.delete(group);
    if (request === 0 && code === Code.RATE_LIMITED) this.showAgain();
    this.errors.emit(new ParlorError(code, message, request));
  }

  private onCrowd(payload: Uint8Array, whole: boolean): void {
    const changed = this.crowd.take(readCrowdEntries(payload, this.descriptor!.state), whole);
    if (changed.size > 0) this.changes.emit(changed);
  }

  /** The server may end a membership that was granted, and not another that was asked for meanwhile. */
  private onGroup(group: string, inside: boolean): void {
    const requests = [...this.asked].filter(([, name]) => name === group);
    if (inside) for (const [request] of requests) this.asked.delete(request);
    else if (requests.length === 0) this.wanted.delete(group);
  }

  private onCasted(body: Uint8Array): void {
    const { from, name, data, group } = readCasted(body);
    const fields = this.descriptor!.casts.get(name);
    if (fields === undefined) return;
    this.casts.get(name)?.emit({ from, group, data: readRow(new ByteReader(data), fields) });
  }

  private see(looking: LookBody): void {
    this.looking = looking;
    this.looked = false;
    if (this.port.online) this.pace.ask();
  }

  private askGroup(name: string): void {
    this.asked.set(++this.request, name);
    this.port.send(Kind.Group, buildGroup(this.request, name, false));
  }

  /** Sends the newest of what is shown and looked at. */
  private flush(): void {
    if (this.descriptor === undefined) return;
    if (!this.looked) this.port.send(Kind.Look, buildLook(this.looking));
    this.looked = true;
    if (this.mine.due) this.sendState(this.descriptor);
  }

  /** The room has had too much of this client: what it shows is shown again a little later (S3.2). */
  private showAgain(): void {
    clearTimeout(this.again);
    this.again = setTimeout(() => {
      this.mine.again();
      this.pace.ask();
    }, AGAIN_MS);
  }

  private heartbeat(): void {
    const quiet = this.port.now() - this.sentAt >= this.descriptor!.timeout / 3 - 1;
    if (quiet) this.sendState(this.descriptor!);
  }

  private sendState({ state }: PresenceDescriptor): void {
    try {
      this.port.send(Kind.Show, buildShow(this.mine.patch(state), this.mine.group));
      this.sentAt = this.port.now();
    } catch (error) {
      this.errors.emit(new ParlorError(Code.VALIDATION, error instanceof Error ? error.message : String(error)));
    }
  }
}

/** One field of a state: what a change of the audience alone shows again (S3.4). */
function firstOf(state: Fields = {}): Fields {
  return Object.fromEntries(Object.entries(state).slice(0, 1));
}
