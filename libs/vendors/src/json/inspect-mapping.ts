import { type Tick, VendorFrameError } from '#domain';
import type { FrameSignal } from '../transports/ws-feed.js';
import { compileCondition, compiled, JsonMapper } from './json-mapper.js';
import { type Condition, type JsonMapping, NUMBER_FIELDS, type NumberField, type Rule } from './json-mapping.js';
import { compileMeaning } from './json-meaning.js';
import { compilePath, type Getter } from './json-path.js';
import { isMissing } from './json-values.js';

/** A tick, and the rule it comes from: `rules.0`. */
export interface MappedTick {
  readonly rule: string;
  readonly tick: Tick;
}

/** What a mapping makes of one frame. */
export interface FrameReport {
  readonly ticks: readonly MappedTick[];
  /** Records, or the whole frame, that no rule takes, and why. */
  readonly ignored: readonly { readonly reason: string; readonly record: unknown }[];
  /** Records and fields that cannot be read. A tick whose field cannot be read is among the ticks all the same, without it. */
  readonly malformed: readonly { readonly reason: string; readonly record: unknown }[];
  /** What the frame means for the connection; undefined for most. */
  readonly meaning: FrameSignal | undefined;
}

interface CompiledRule {
  /** Its place in the mapping: `rules.0`. */
  readonly name: string;
  /** Path of its records. */
  readonly path: string;
  readonly each: Getter;
  readonly when: Condition | undefined;
  readonly matches: (record: unknown) => boolean;
  readonly mapper: JsonMapper;
  readonly fields: readonly (readonly [name: string, get: Getter])[];
}

/** Where the symbol stands for what a call asks for. */
const ASKED = '(as asked)';
/** Real times lie between these, Unix ms; what does not was read in the wrong unit. */
const EARLIEST = Date.UTC(1990, 0);
const MAX_AHEAD_MS = 24 * 3_600_000;

/** Tries a mapping on frames, and says in detail what becomes of them. */
export class MappingInspector {
  private readonly rules: readonly CompiledRule[];
  private readonly meaning: (frame: unknown) => FrameSignal | undefined;
  private readonly unseen: Set<string>;

  /** @throws ConfigError if a path cannot be read */
  constructor(mapping: JsonMapping) {
    this.rules = mapping.rules.map(compileRule);
    this.meaning = compileMeaning(mapping);
    this.unseen = new Set(this.rules.flatMap(({ name, fields }) => fields.map(([field]) => `${name}.map.${field}`)));
  }

  inspect(frame: unknown, now: number): FrameReport {
    const ticks: MappedTick[] = [];
    const malformed: FrameReport['malformed'][number][] = [];
    const passedOver = new Map<unknown, string[]>();
    const taken = new Set<unknown>();
    for (const rule of this.rules) {
      const records = recordsOf(rule, frame);
      if (records.length === 0) pass(passedOver, frame, `${rule.name}: no record at ${rule.path}`);
      for (const record of records) {
        if (!rule.matches(record)) {
          pass(passedOver, record, `${rule.name}: ${whyNot(rule, record)}`);
          continue;
        }
        taken.add(record);
        const unreadable = ({ message }: VendorFrameError): void =>
          void malformed.push({ reason: `${rule.name}: ${message}`, record });
        for (const tick of rule.mapper.ticks(record, now, unreadable, ASKED)) {
          ticks.push({ rule: rule.name, tick });
          for (const reason of this.review(rule, record, tick, now)) malformed.push({ reason, record });
        }
      }
    }
    const ignored = [...passedOver]
      .filter(([record]) => !taken.has(record) && !(record === frame && taken.size > 0))
      .map(([record, reasons]) => ({ reason: reasons.join('; '), record }));
    return { ticks, ignored, malformed, meaning: this.meaning(frame) };
  }

  /** Fields of the mapping that no record has filled so far: `rules.0.map.bid`. */
  neverMatched(): readonly string[] {
    return [...this.unseen];
  }

  /** Marks the fields a tick has filled, and says which hold something that is no value. */
  private review(rule: CompiledRule, record: unknown, tick: Tick, now: number): string[] {
    const problems: string[] = [];
    for (const [field, get] of rule.fields) {
      const raw = get(record);
      if (raw === undefined) continue;
      this.unseen.delete(`${rule.name}.map.${field}`);
      const place = `${rule.name}.map.${field}: ${JSON.stringify(raw)?.slice(0, 60)}`;
      if (field === 'time') problems.push(...timeProblems(place, raw, tick.eventTime, now));
      else if (isNumberField(field) && tick[field] === undefined && saysSomething(raw))
        problems.push(`${place} is no number`);
    }
    return problems;
  }
}

function compileRule({ each, when, map }: Rule, i: number): CompiledRule {
  const name = `rules.${i}`;
  // one record at a time, and each rule alone, so that a fault has a place; it also reads every path of the map
  const mapper = new JsonMapper({ rules: [{ map, each: '$' }] }, 'json', () => undefined, i);
  return {
    name,
    path: each,
    each: compiled(`${name}.each`, () => compilePath(each)),
    when,
    matches: when === undefined ? () => true : compiled(`${name}.when`, () => compileCondition(when)),
    mapper,
    fields: Object.entries(map).map(([field, source]) => [field, compilePath(pathOf(source))] as const),
  };
}

function pathOf(source: unknown): string {
  return typeof source === 'string' ? source : String((source as { readonly path?: unknown }).path);
}

function recordsOf({ each }: CompiledRule, frame: unknown): readonly unknown[] {
  const records = each(frame);
  if (records === undefined || records === null) return [];
  return Array.isArray(records) ? (records as unknown[]) : [records];
}

function pass(passedOver: Map<unknown, string[]>, record: unknown, reason: string): void {
  const reasons = passedOver.get(record);
  if (reasons === undefined) passedOver.set(record, [reason]);
  else reasons.push(reason);
}

function whyNot({ when }: CompiledRule, record: unknown): string {
  if (when === undefined) return '';
  const { path, equals, in: allowed } = when;
  const value = compilePath(path)(record);
  if (value === undefined) return `it has no ${path}`;
  const wanted = allowed === undefined ? JSON.stringify(equals) : `one of ${JSON.stringify(allowed)}`;
  return `${path} is ${JSON.stringify(value)?.slice(0, 60)}, not ${wanted}`;
}

function timeProblems(place: string, raw: unknown, time: number | undefined, now: number): string[] {
  if (time === undefined) return saysSomething(raw) ? [`${place} is no time in this unit`] : [];
  if (time >= EARLIEST && time <= now + MAX_AHEAD_MS) return [];
  return [`${place} is no time of a quote: is the unit right?`];
}

/** Null, 0 and words for "none" are answers, and not mistakes. */
function saysSomething(raw: unknown): boolean {
  return raw !== null && raw !== 0 && !(typeof raw === 'string' && (isMissing(raw) || Number(raw) === 0));
}

function isNumberField(field: string): field is NumberField {
  return (NUMBER_FIELDS as readonly string[]).includes(field);
}
