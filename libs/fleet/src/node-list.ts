import type { Clock } from '#domain';
import type { NodeBeat, NodeNews } from './messages.js';

/** A node that has not been heard of for longer is gone, ms: four of its beats are missing. */
export const NODE_GONE_MS = 4500;

/** A node as it last told of itself. */
export interface FleetNode extends Omit<NodeBeat, 'kind' | 'node'> {
  readonly id: string;
  /** When it was last heard, by this node's clock, Unix ms. */
  readonly heardAt: number;
}

/** The nodes that have been heard of lately, by our own clock: theirs may differ. */
export class NodeList {
  private readonly nodes = new Map<
    string,
    { readonly beat: NodeBeat; readonly at: number; readonly elapsed: number }
  >();
  private readonly goneListeners: ((node: string) => void)[] = [];

  constructor(private readonly clock: Clock) {}

  onGone(listener: (node: string) => void): void {
    this.goneListeners.push(listener);
  }

  heard(news: NodeNews): void {
    if (news.kind === 'gone') this.forget(news.node);
    if (news.kind === 'beat')
      this.nodes.set(news.node, { beat: news, at: this.clock.now(), elapsed: this.clock.elapsed() });
  }

  has(node: string): boolean {
    return this.nodes.has(node);
  }

  /** Forgets the silent ones. */
  sweep(): void {
    const since = this.clock.elapsed() - NODE_GONE_MS;
    for (const [node, { elapsed }] of this.nodes) if (elapsed < since) this.forget(node);
  }

  /** What the present owner said last; undefined when no owner has been heard of lately. */
  owner(): FleetNode | undefined {
    let owner: FleetNode | undefined;
    for (const node of this.all()) if (node.term !== undefined && node.term > (owner?.term ?? 0)) owner = node;
    return owner;
  }

  all(): FleetNode[] {
    return [...this.nodes.values()].map(({ beat: { kind: _kind, node, ...rest }, at }) => ({
      id: node,
      ...rest,
      heardAt: at,
    }));
  }

  private forget(node: string): void {
    if (this.nodes.delete(node)) for (const listener of this.goneListeners) listener(node);
  }
}
