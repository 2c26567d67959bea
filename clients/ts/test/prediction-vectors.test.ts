import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Column, Predictor } from '../src/index';

// What the Go client's predictor does (clients/go/prediction_vectors_test.go)
// this one must do too, to the last bit.

interface Row { X: number; Y: number; Aim: number; HP: number; Ammo: number; VX: number }
interface Command { X: number; Y: number; Aim: number; Fire: boolean }
interface Step {
  Note?: string;
  Command?: { Tick: number; Command: Command };
  Frame?: { Tick: number; Ack: number; Row: Row | null };
  Owner?: Row;
  Row: Row | null;
  Pending: number;
  Corrections: number;
}
interface Vectors {
  Rate: number;
  Columns: { Name: string; Kind: number; Flags: number; Quant: number; Min: number; Max: number }[];
  Scenarios: { Name: string; Steps: Step[] }[];
}

const vectors: Vectors = JSON.parse(readFileSync(join(process.env.PARLOR_ROOT!, 'clients/go/testdata/prediction_vectors.json'), 'utf8'));
const columns: Column[] = vectors.Columns.map((c) => ({ name: c.Name, kind: c.Kind, flags: c.Flags, quant: c.Quant, min: c.Min, max: c.Max }));

/** vectorStep of the Go test, in float32 as there. */
function step(r: Row, c: Command, dt: number): void {
  if (r.HP === 0) return;
  r.X = Math.fround(r.X + Math.fround(r.VX * dt));
  r.VX = c.X * 3;
  r.Y = Math.fround(r.Y + Math.fround(c.Y * 3 * dt));
  r.Aim = Math.fround(c.Aim);
  if (c.Fire && r.Ammo > 0) r.Ammo--;
}

for (const scenario of vectors.Scenarios) {
  test(`predicts what the Go client predicts: ${scenario.Name}`, () => {
    const p = new Predictor<Row, Command>(step, Math.fround(1 / vectors.Rate));
    p.describe(columns);
    scenario.Steps.forEach((s, i) => {
      if (s.Command) p.run(s.Command.Tick, s.Command.Command);
      if (s.Frame) p.reconcile(s.Frame.Ack, s.Frame.Row ?? undefined);
      if (s.Owner) p.reconcileOwner(s.Owner);
      const got = { Row: p.row ?? null, Pending: p.waiting, Corrections: p.corrections };
      assert.deepEqual(got, { Row: s.Row, Pending: s.Pending, Corrections: s.Corrections }, `step ${i} ${s.Note ?? ''}`);
    });
  });
}
