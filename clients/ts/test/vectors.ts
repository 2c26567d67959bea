import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Column, Schema } from '../src/index';

// The vectors that state/vectors_test.go writes.

interface GoColumn { Name: string; Kind: number; Flags: number; Quant: number; Min: number; Max: number }
interface GoSchema {
  Tables: { Name: string; Single: boolean; Columns: GoColumn[] }[] | null;
  Events: { Name: string; Columns: GoColumn[] | null }[] | null;
  Inputs: { Name: string; Command: boolean; Table: number; Columns: GoColumn[] | null }[] | null;
}
export interface VectorTable {
  name: string;
  rows: { id: number; cells: (number | string)[] }[];
  added?: number[];
  changed?: number[];
  removed?: number[];
}
export interface VectorStep {
  note: string;
  kind: 'frame' | 'owner' | 'events';
  payload: Uint8Array;
  keyframe: boolean;
  hasHash: boolean;
  hash?: [number, number];
  tables?: VectorTable[];
  owner?: VectorTable[];
  events?: { event: number; cells: (number | string)[] }[];
}
export interface VectorScenario { name: string; schema: Schema; schemaHash: string; steps: VectorStep[] }
export interface VectorInput {
  name: string;
  columns: Column[];
  cases: { cells: (number | string)[]; payload: Uint8Array }[];
  refused: { why: string; payload: Uint8Array }[];
}

function column(c: GoColumn): Column {
  return { name: c.Name, kind: c.Kind, flags: c.Flags, quant: c.Quant, min: c.Min, max: c.Max };
}

function columns(cs: GoColumn[] | null): Column[] {
  return (cs ?? []).map(column);
}

function schema(s: GoSchema): Schema {
  return {
    tables: (s.Tables ?? []).map((t) => ({ name: t.Name, single: t.Single, columns: columns(t.Columns) })),
    events: (s.Events ?? []).map((e) => ({ name: e.Name, columns: columns(e.Columns) })),
    inputs: (s.Inputs ?? []).map((i) => ({ name: i.Name, command: i.Command, table: i.Table, columns: columns(i.Columns) })),
  };
}

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

export function readVectors(): { scenarios: VectorScenario[]; inputs: VectorInput[] } {
  const all = JSON.parse(readFileSync(join(process.env.PARLOR_ROOT!, 'state/testdata/vectors.json'), 'utf8'));
  return {
    scenarios: all.scenarios.map((s: any) => ({
      ...s,
      schema: schema(s.schema),
      steps: s.steps.map((step: any) => ({ ...step, keyframe: !!step.keyframe, hasHash: !!step.hasHash, payload: bytes(step.payload) })),
    })),
    inputs: all.inputs.map((i: any) => ({
      ...i,
      columns: columns(i.columns),
      cases: (i.cases ?? []).map((c: any) => ({ ...c, payload: bytes(c.payload) })),
      refused: (i.refused ?? []).map((r: any) => ({ ...r, payload: bytes(r.payload) })),
    })),
  };
}
