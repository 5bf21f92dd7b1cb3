import { beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#domain';
import { type Control, Pauses } from '#fetcher';
import type { ControlDone, ControlMessage } from '#protocol';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { ControlChannel } from './control-channel.js';
import type { ControlMemory, RememberedPauses } from './control-memory.js';
import type { Hearing, OutsideChannels } from './outside-channels.js';
import type { OutsideErrors } from './outside-errors.js';
import { OutsideKeys } from './outside-keys.js';
import type { Ownership } from './ownership.js';

const [A, B] = ['NSE:A', 'NSE:B'];
const keys = new OutsideKeys('');
const clock = new ManualClock();

let nodes: Node[];
let stored: RememberedPauses;
let isAway: boolean;
/** Redis answers what was there when it was asked, a moment later. */
const moment = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const settle = async (): Promise<void> => {
  for (let n = 0; n < 10; n++) await moment();
};

const memory = {
  async read() {
    if (isAway) throw new Error('away');
    const found = stored;
    await moment();
    return found;
  },
  async write(version: number, symbols: Iterable<string>) {
    if (isAway) throw new Error('away');
    const isNewer = version > stored.version;
    if (isNewer) stored = { version, paused: new Set(symbols) };
    await moment();
    return isNewer;
  },
} as unknown as ControlMemory;

class Node {
  readonly pauses = new Pauses(clock);
  isListening = true;
  private readonly hearings = new Map<string, Hearing>();
  private route: (order: ControlMessage) => Promise<ControlDone> = () => Promise.reject(new Error('no route'));
  private readonly ownership = {
    mayIngest: false,
    changed: (): void => undefined,
    onChange(listener: () => void): void {
      this.changed = listener;
    },
  };

  constructor(isOwner: boolean) {
    const channels = {
      listen: (channel: string, hearing: Hearing) => void this.hearings.set(channel, hearing),
      tell: (channel: string, message: object) => setImmediate(() => publish(channel, message)),
    } as unknown as OutsideChannels;
    const obey = ({ action, symbols }: ControlMessage): void =>
      action === 'pause' ? this.pauses.pause(symbols) : this.pauses.resume(symbols);
    const control = {
      through: (route: typeof this.route) => void (this.route = route),
      check: () => undefined,
      obey,
      carryOut(order: ControlMessage) {
        obey(order);
        return { ...order, timestamp: clock.now() };
      },
    } as unknown as Control;
    const errors = { failed: () => undefined } as unknown as OutsideErrors;
    const ownership = this.ownership as unknown as Ownership;
    this.ownership.mayIngest = isOwner;
    new ControlChannel(channels, keys, memory, control, this.pauses, ownership, errors, 1e5, clock, silentLog).start();
  }

  get paused(): string[] {
    return [...this.pauses.symbols].toSorted();
  }

  order(order: ControlMessage): Promise<ControlDone> {
    return this.route(order);
  }

  hear(channel: string, message: object): void {
    if (this.isListening) this.hearings.get(channel)?.heard(JSON.stringify(message));
  }

  /** Its connection is back. */
  subscribed(): void {
    this.hearings.get(keys.done)?.subscribed?.();
  }

  own(isOwner: boolean): void {
    this.ownership.mayIngest = isOwner;
    this.ownership.changed();
  }
}

function publish(channel: string, message: object): void {
  if (!isAway) for (const node of nodes) node.hear(channel, message);
}

beforeEach(() => {
  isAway = false;
  stored = { version: 0, paused: new Set() };
});

async function twoNodes(): Promise<[Node, Node]> {
  const two: [Node, Node] = [new Node(true), new Node(false)];
  nodes = two;
  for (const node of nodes) node.subscribed();
  await settle();
  return two;
}

describe('What is paused in a fleet', () => {
  it('survives a Redis that comes back empty, whichever node becomes the owner', async () => {
    const [one, other] = await twoNodes();
    await one.order({ action: 'pause', symbols: [A] });
    await settle();
    stored = { version: 0, paused: new Set() };
    one.own(false);
    other.own(true);
    for (const node of nodes) node.subscribed();
    await settle();
    expect([one.paused, other.paused, [...stored.paused]]).toEqual([[A], [A], [A]]);
  });

  it('is not undone by a node that has missed an order and becomes the owner', async () => {
    const [one, other] = await twoNodes();
    await one.order({ action: 'pause', symbols: [A] });
    await settle();
    other.isListening = false;
    await one.order({ action: 'pause', symbols: [B] });
    await one.order({ action: 'resume', symbols: [A] });
    await settle();
    one.own(false);
    other.own(true);
    await settle();
    expect([other.paused, [...stored.paused]]).toEqual([[B], [B]]);
  });

  it('includes what the owner was told while Redis was away, also that nothing is paused any more', async () => {
    const [one, other] = await twoNodes();
    await one.order({ action: 'pause', symbols: [A] });
    await settle();
    isAway = true;
    clock.advance(1000);
    await one.order({ action: 'resume', symbols: ['all'] });
    isAway = false;
    other.subscribed();
    one.subscribed();
    await settle();
    expect([one.paused, other.paused, [...stored.paused]]).toEqual([[], [], []]);
  });

  it('is not what an answer says that is older than an order obeyed meanwhile', async () => {
    stored = { version: 5, paused: new Set([A]) };
    const node = new Node(true);
    nodes = [node];
    node.subscribed();
    node.hear(keys.control, { action: 'pause', symbols: [B] });
    await settle();
    expect([node.paused, [...stored.paused].toSorted()]).toEqual([
      [A, B],
      [A, B],
    ]);
    node.subscribed();
    node.hear(keys.control, { action: 'resume', symbols: [A] });
    await settle();
    expect([node.paused, [...stored.paused]]).toEqual([[B], [B]]);
  });
});

it("answers an order that came to another node than the owner with the order's own id, if it has one", async () => {
  const [, other] = await twoNodes();
  const order: ControlMessage = { action: 'pause', symbols: [A] };
  expect(await other.order({ ...order, id: 'ticket-7', by: 'ops' })).toMatchObject({ id: 'ticket-7', by: 'ops' });
  expect(await other.order(order)).not.toHaveProperty('id');
});
