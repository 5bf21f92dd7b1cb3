import type { QuoteState } from '#cache';
import type { Clock, EpochMs, InstrumentId, RejectReason, Tick, VendorId } from '#domain';
import { AccuracyWindow } from './accuracy-window.js';

/** Below this share of good ticks checks become stricter; above the other for a while they relax. */
const STRICTER_BELOW = 0.995;
const RELAXES_ABOVE = 0.998;
const RELAXES_AFTER_MS = 300_000;
/** Ticks in the window below which a share means nothing: one bad tick among them is just 99.5 %. */
const ENOUGH = 200;

/** How good the ticks of one vendor, or of one instrument, have been. */
export interface AccuracyReport<Key> {
  readonly key: Key;
  /** Share of good ticks over the last 15 minutes, 0 to 1. */
  readonly accuracy: number;
  readonly accepted: number;
  readonly refused: number;
  /** Whether its ticks are checked more strictly because of it. */
  readonly strict: boolean;
}

interface Subject {
  readonly window: AccuracyWindow;
  strict: boolean;
  /** Since when it has been good enough to relax; undefined while it is not. */
  goodSince: EpochMs | undefined;
  /** Ticks merged since start, when last counted. */
  merged: number;
}

/** A part that was refused says nothing about accuracy when only its order or our own list of instruments is at fault. */
const NO_FAULT_OF_THE_VALUE: ReadonlySet<string> = new Set<RejectReason>(['late', 'unknown-instrument']);

/** Share of good ticks per vendor and per instrument, and who is to be checked more strictly. */
export class Accuracy {
  private readonly vendors = new Map<VendorId, Subject>();
  private readonly instruments = new Map<InstrumentId, Subject>();

  constructor(private readonly clock: Clock) {}

  /** Counts a tick that was refused or corrected, as a whole or in part. */
  refused({ vendor, instrument }: Pick<Tick, 'vendor' | 'instrument'>, reason: RejectReason): void {
    if (NO_FAULT_OF_THE_VALUE.has(reason)) return;
    const now = this.clock.now();
    subjectOf(this.vendors, vendor).window.add(now, 0, 1);
    subjectOf(this.instruments, instrument).window.add(now, 0, 1);
  }

  malformed(vendor: VendorId): void {
    subjectOf(this.vendors, vendor).window.add(this.clock.now(), 0, 1);
  }

  /**
   * Takes the totals of merged ticks, so that the tick path need not come here, and judges everybody anew.
   * @param vendors ticks merged since start of each vendor
   */
  review(vendors: Iterable<readonly [VendorId, number]>, states: Iterable<QuoteState>): void {
    const now = this.clock.now();
    for (const [vendor, merged] of vendors) judge(subjectOf(this.vendors, vendor), merged, now);
    for (const state of states) {
      const { id } = state.instrument;
      if (state.merged > 0 || this.instruments.has(id)) judge(subjectOf(this.instruments, id), state.merged, now);
    }
  }

  /** Whether an instrument, or the vendor its value comes from, has been too inaccurate. */
  isStrict(instrument: InstrumentId, vendor: VendorId): boolean {
    return this.instruments.get(instrument)?.strict === true || this.vendors.get(vendor)?.strict === true;
  }

  /** Of every vendor that has said anything, worst first. */
  ofVendors(): AccuracyReport<VendorId>[] {
    return report(this.vendors);
  }

  /** Of the instruments with the lowest accuracy, worst first. */
  ofInstruments(limit: number): AccuracyReport<InstrumentId>[] {
    return report(this.instruments).slice(0, limit);
  }

  /** Of one instrument; undefined when it has had no tick. */
  of(instrument: InstrumentId): AccuracyReport<InstrumentId> | undefined {
    const subject = this.instruments.get(instrument);
    return subject && reportOf(instrument, subject);
  }
}

function judge(subject: Subject, merged: number, now: EpochMs): void {
  const { window } = subject;
  window.add(now, merged - subject.merged, 0);
  subject.merged = merged;
  const { share } = window;
  if (share < STRICTER_BELOW && window.accepted + window.refused >= ENOUGH) subject.strict = true;
  subject.goodSince = share > RELAXES_ABOVE ? (subject.goodSince ?? now) : undefined;
  if (subject.goodSince !== undefined && now - subject.goodSince >= RELAXES_AFTER_MS) subject.strict = false;
}

function subjectOf<Key>(subjects: Map<Key, Subject>, key: Key): Subject {
  let subject = subjects.get(key);
  if (subject === undefined) {
    subject = { window: new AccuracyWindow(), strict: false, goodSince: undefined, merged: 0 };
    subjects.set(key, subject);
  }
  return subject;
}

function report<Key>(subjects: ReadonlyMap<Key, Subject>): AccuracyReport<Key>[] {
  const all = [...subjects].map(([key, subject]) => reportOf(key, subject));
  return all.toSorted((a, b) => a.accuracy - b.accuracy || b.refused - a.refused);
}

function reportOf<Key>(key: Key, { window, strict }: Subject): AccuracyReport<Key> {
  const { accepted, refused, share } = window;
  return { key, accuracy: share, accepted, refused, strict };
}
