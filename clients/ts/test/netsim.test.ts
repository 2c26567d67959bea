import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { type Conditions, simulateNetwork, type Transport } from '../src/index';
import { random } from './random';

/** A transport that notes what reaches it. */
class Wire implements Transport {
  onOpen = () => {};
  onMessage: (message: Uint8Array) => void = () => {};
  onClose: (status: number, reason: string) => void = () => {};
  readonly sent: number[] = [];
  send(message: Uint8Array): void {
    this.sent.push(message[0]);
  }
  close(): void {}
}

beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
afterEach(() => mock.timers.reset());

function connect(conditions: Conditions): { wire: Wire; far: Transport; got: number[] } {
  const wire = new Wire();
  const far = simulateNetwork(() => wire, conditions, random(5))('ws://test');
  const got: number[] = [];
  far.onMessage = (message) => got.push(message[0]);
  return { wire, far, got };
}

test('good conditions change nothing', () => {
  const { wire, far, got } = connect({ latency: 0, jitter: 0, loss: 0 });
  far.send(Uint8Array.of(1));
  wire.onMessage(Uint8Array.of(2));
  assert.deepEqual([wire.sent, got], [[1], [2]]);
});

test('latency is half each way', () => {
  const { wire, far, got } = connect({ latency: 100, jitter: 0, loss: 0 });
  far.send(Uint8Array.of(1));
  wire.onMessage(Uint8Array.of(2));
  mock.timers.tick(49);
  assert.deepEqual([wire.sent, got], [[], []]);
  mock.timers.tick(2);
  assert.deepEqual([wire.sent, got], [[1], [2]]);
});

test('jitter and loss delay, and keep the order', () => {
  const { wire, far, got } = connect({ latency: 100, jitter: 50, loss: 0.3 });
  const all = Array.from({ length: 200 }, (_, i) => i);
  for (const i of all) {
    far.send(Uint8Array.of(i));
    wire.onMessage(Uint8Array.of(i));
  }
  mock.timers.tick(100);
  assert.ok(got.length < all.length, 'a lost message holds up those behind it');
  mock.timers.tick(500);
  assert.deepEqual([wire.sent, got], [all, all]);
});
