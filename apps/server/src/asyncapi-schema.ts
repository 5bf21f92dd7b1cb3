import { CANDLE_INTERVALS } from '#domain';

/** A JSON Schema, as far as the document uses it. */
export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'null' | readonly string[];
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema;
  readonly allOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxLength?: number;
  readonly $ref?: string;
}

/** One property: its schema, and whether every message has it. */
export interface Property extends Schema {
  readonly optional?: true;
}

/** A schema for every property of `T`: a property that is added or taken away does not compile until it is so here. */
export type PropertiesOf<T> = { readonly [K in keyof Required<T>]: Property };

/** An object with these properties. */
export function objectOf<T>(properties: PropertiesOf<T>, description?: string): Schema {
  const entries = Object.entries<Property>(properties);
  return {
    type: 'object',
    ...(description !== undefined && { description }),
    properties: Object.fromEntries(entries.map(([name, property]) => [name, schemaOf(property)])),
    required: entries.filter(([, { optional }]) => !optional).map(([name]) => name),
  };
}

function schemaOf(property: Property): Schema {
  return Object.fromEntries(Object.entries(property).filter(([key]) => key !== 'optional'));
}

export const text: Schema = { type: 'string' };
export const whole: Schema = { type: 'integer' };
export const yesOrNo: Schema = { type: 'boolean' };
export const timeMs: Schema = { type: 'integer', description: 'Unix ms by the server' };
export const symbol: Schema = { type: 'string', description: 'Such as NSE:RELIANCE' };
export const frequency: Schema = { type: 'number', description: 'Updates of one symbol a second at most, Hz' };
export const interval: Schema = { enum: Object.keys(CANDLE_INTERVALS) };
export const compression: Schema = { enum: ['none', 'delta'] };
export const listOf = (items: Schema): Schema => ({ type: 'array', items });
/** A schema that `SHARED` holds. */
export const one = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
