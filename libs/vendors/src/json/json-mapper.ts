import { ConfigError, type InstrumentId, type Tick, VendorFrameError, type VendorId } from '#domain';
import {
  type Condition,
  FieldSource,
  type JsonMapping,
  type NumberField,
  TIME_UNITS,
  type TimeUnit,
} from './json-mapping.js';
import { compilePath, type Getter } from './json-path.js';
import { cleanNumber, toEpochMs } from './json-values.js';

type Test = (value: unknown) => boolean;
type NumberGetter = (record: unknown) => number | undefined;

interface CompiledRule {
  readonly each: Getter;
  readonly matches: Test;
  /** Undefined where a record is about what was asked for. */
  readonly symbol: Getter | undefined;
  readonly time: ((record: unknown) => number | undefined) | undefined;
  readonly halted: ((record: unknown) => boolean | undefined) | undefined;
  readonly numbers: Readonly<Record<NumberField, NumberGetter>>;
}

const absent: NumberGetter = () => undefined;

/** Told of a part of a frame that cannot be read. */
export type Malformed = (error: VendorFrameError) => void;

/**
 * Turns parsed frames into ticks by a mapping's rules.
 * Emits  one tick per record that a rule matches and that names a symbol; none for frames no rule matches
 */
export class JsonMapper {
  private readonly rules: readonly CompiledRule[];

  /**
   * @param instrumentOf the instrument of a vendor's symbol; undefined when it was never asked for
   * @param first number of the first rule, where the rules are part of a longer list
   * @throws ConfigError if a path cannot be read
   */
  constructor(
    mapping: Pick<JsonMapping, 'rules'>,
    private readonly vendor: VendorId,
    private readonly instrumentOf: (vendorSymbol: string) => InstrumentId | undefined,
    first = 0,
  ) {
    this.rules = mapping.rules.map((rule, i) => compiled(`rules.${first + i}`, () => compileRule(rule)));
  }

  /**
   * @param asked what a record without symbol is about
   * @param malformed told of a record that a rule matches and that names no symbol; the others of its frame are not the worse for it
   */
  ticks(frame: unknown, receivedAt: number, malformed: Malformed, asked?: InstrumentId): Tick[] {
    const ticks: Tick[] = [];
    for (const rule of this.rules) {
      const found = rule.each(frame);
      const records: readonly unknown[] = Array.isArray(found)
        ? found
        : found === undefined || found === null
          ? []
          : [found];
      for (const record of records) {
        if (!rule.matches(record)) continue;
        const tick = this.tick(rule, record, receivedAt, asked);
        if (tick === undefined) malformed(new VendorFrameError(this.vendor, 'a record without symbol', record));
        else ticks.push(tick);
      }
    }
    return ticks;
  }

  /** Whether any rule finds records in a frame, matching ones or not. */
  finds(frame: unknown): boolean {
    return this.rules.some(({ each }) => {
      const records = each(frame);
      return typeof records === 'object' && records !== null;
    });
  }

  /** Undefined when the record names no symbol. */
  private tick(
    rule: CompiledRule,
    record: unknown,
    receivedAt: number,
    asked: InstrumentId | undefined,
  ): Tick | undefined {
    const { symbol, time, halted, numbers } = rule;
    const value = symbol === undefined ? asked : symbol(record);
    // many vendors' symbols are numbers
    const name = typeof value === 'number' ? String(value) : value;
    if (typeof name !== 'string') return undefined;
    // a literal in the order of `tick()`: one object per record on the busiest path there is
    return {
      // a symbol nobody asked for keeps its name, so that validation counts it as unknown
      instrument: symbol === undefined ? name : (this.instrumentOf(name) ?? name),
      vendor: this.vendor,
      receivedAt,
      eventTime: time?.(record),
      eventTimeStep: undefined,
      // a vendor that has no price, which many write as 0, says nothing about the last one
      price: known(numbers.price(record)),
      volume: said(numbers.volume(record)),
      bid: numbers.bid(record),
      ask: numbers.ask(record),
      bidSize: numbers.bidSize(record),
      askSize: numbers.askSize(record),
      lastSize: numbers.lastSize(record),
      averagePrice: numbers.averagePrice(record),
      open: numbers.open(record),
      high: numbers.high(record),
      low: numbers.low(record),
      previousClose: numbers.previousClose(record),
      openInterest: numbers.openInterest(record),
      lowerCircuit: numbers.lowerCircuit(record),
      upperCircuit: numbers.upperCircuit(record),
      book: undefined,
      halted: halted?.(record),
    };
  }
}

/** A test of one value. */
export function compileCondition({ path, equals, in: allowed }: Condition): Test {
  const get = compilePath(path);
  if (allowed !== undefined) return (value) => (allowed as unknown[]).includes(get(value));
  if (equals !== undefined) return (value) => get(value) === equals;
  return (value) => get(value) !== undefined;
}

/** Runs a compilation, and names the place of what is wrong. */
export function compiled<T>(place: string, compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    throw new ConfigError([`JSON_MAPPING: ${place}: ${(error as Error).message}`]);
  }
}

function compileRule({ each, when, map }: JsonMapping['rules'][number]): CompiledRule {
  const number = (field: NumberField): NumberGetter => (map[field] === undefined ? absent : compileNumber(map[field]));
  return {
    each: compilePath(each),
    matches: when === undefined ? () => true : compileCondition(when),
    symbol: map['symbol'] === undefined ? undefined : compilePath(String(map['symbol'])),
    time: map['time'] === undefined ? undefined : compileTime(map['time']),
    halted: map['halted'] === undefined ? undefined : compileFlag(String(map['halted'])),
    numbers: {
      price: number('price'),
      volume: number('volume'),
      bid: number('bid'),
      ask: number('ask'),
      bidSize: number('bidSize'),
      askSize: number('askSize'),
      lastSize: number('lastSize'),
      averagePrice: number('averagePrice'),
      open: number('open'),
      high: number('high'),
      low: number('low'),
      previousClose: number('previousClose'),
      openInterest: number('openInterest'),
      lowerCircuit: number('lowerCircuit'),
      upperCircuit: number('upperCircuit'),
    },
  };
}

function compileNumber(source: unknown): NumberGetter {
  if (typeof source === 'string') {
    const get = compilePath(source);
    return (record) => cleanNumber(get(record));
  }
  const { path, scale = 1 } = fieldSource(source);
  const get = compilePath(path);
  return (record) => {
    const value = cleanNumber(get(record));
    return value === undefined ? undefined : scaled(value, scale);
  };
}

/** 8.12 * 100000 is 811999.9999999999; fifteen digits are all that a double can promise. */
function scaled(value: number, scale: number): number {
  return Number((value * scale).toPrecision(15));
}

function compileTime(source: unknown): (record: unknown) => number | undefined {
  const { path, unit = 'auto' } =
    typeof source === 'string' ? { path: source } : (source as { path: string; unit?: TimeUnit });
  if (!TIME_UNITS.includes(unit))
    throw new SyntaxError(`time unit ${JSON.stringify(unit)} is none of ${TIME_UNITS.join(', ')}`);
  const get = compilePath(path);
  return (record) => toEpochMs(get(record), unit);
}

function fieldSource(source: unknown): FieldSource {
  const { path, scale } = (source ?? {}) as Partial<FieldSource>;
  if (typeof path !== 'string') throw new SyntaxError('a field is a path or {path, scale}');
  if (scale !== undefined && typeof scale !== 'number') throw new SyntaxError('scale must be a number');
  return Object.assign(new FieldSource(), { path, scale: scale ?? 1 });
}

function known(value: number | undefined): number | undefined {
  return value !== value || value === 0 ? undefined : value;
}

function said(value: number | undefined): number | undefined {
  return value !== value ? undefined : value;
}

/** True and false as themselves; anything else says nothing. */
function compileFlag(path: string): (record: unknown) => boolean | undefined {
  const get = compilePath(path);
  return (record) => {
    const value = get(record);
    return typeof value === 'boolean' ? value : undefined;
  };
}
