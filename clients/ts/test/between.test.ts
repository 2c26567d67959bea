import assert from 'node:assert/strict';
import { test } from 'node:test';
import { between } from '../src/board/between';
import { random } from './random';

test('an index is between two others', () => {
  const rows: [before: string, after: string | undefined, expected: string][] = [
    ['', undefined, 'V'],
    ['a0', 'a1', 'a0V'],
    ['a0', undefined, 'n'],
    ['zz', undefined, 'zzV'],
    ['', 'a0', 'I'],
    ['', '0', ''], // there is none: equal ones are parted by the server
    ['a1', 'a1', 'a1'],
    ['b', 'a', 'b'],
    ['~', undefined, '~V'],
  ];
  for (const [before, after, expected] of rows) assert.equal(between(before, after), expected, `${before} ${after}`);
});

test('indexes can be put anywhere, again and again', () => {
  for (let seed = 1; seed < 50; seed++) {
    const next = random(seed);
    const list = ['a0'];
    for (let i = 0; i < 200; i++) {
      const at = Math.floor(next() * (list.length + 1));
      const index = between(list[at - 1] ?? '', list[at]);
      assert.ok(index > (list[at - 1] ?? '') && (at === list.length || index < list[at]), `seed ${seed}: ${list[at - 1]} ${index} ${list[at]}`);
      list.splice(at, 0, index);
    }
  }
});
