import type { Fields } from './row';

/**
 * What a record room holds, to type a RecordRoom; `parlor gen ts` writes it.
 * Names are those of the server's Go types and fields.
 */
export interface RecordSchema {
  /** Of each collection: a row, what create takes, and the primary key. */
  collections: object;
  events?: object;
  mutations?: object;
}

/** A room of which nothing is known at compile time. */
export interface AnyRecords {
  collections: Record<string, { row: Record<string, any>; create: Record<string, any>; key: any }>;
  events: Record<string, Record<string, any>>;
  mutations: Record<string, Record<string, any>>;
}

type Part<T, P extends string, Otherwise> = T extends { [K in P]: infer V } ? V : Otherwise;
export type CollectionName<S extends RecordSchema> = keyof S['collections'] & string;
export type RowOf<S extends RecordSchema, K extends CollectionName<S>> = Part<S['collections'][K], 'row', Fields>;
export type CreateOf<S extends RecordSchema, K extends CollectionName<S>> = Part<S['collections'][K], 'create', Fields>;
export type KeyOf<S extends RecordSchema, K extends CollectionName<S>> = Part<S['collections'][K], 'key', unknown>;
export type Events<S extends RecordSchema> = NonNullable<S['events']>;
export type Mutations<S extends RecordSchema> = NonNullable<S['mutations']>;
