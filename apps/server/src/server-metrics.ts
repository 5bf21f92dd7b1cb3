import type { QuoteReader } from '#cache';
import type { Meter } from '#domain';
import type { Sessions } from '#gateway';
import type { Conflator, Hub } from '#subscription';

/** Exports what the parts of the tick path count for themselves. */
export function exportMetrics(
  meter: Meter,
  hub: Hub,
  conflator: Conflator,
  sessions: Sessions,
  reader: QuoteReader,
): void {
  const { counts } = hub;
  meter.gauge('clients', 'Connected socket clients', () => hub.clients.size);
  meter.gauge('subscriptions', 'Subscriptions of all clients', () => hub.subscriptions.size);
  meter.gauge(
    'late_clients',
    'Clients that are being conflated',
    () => [...hub.clients.values()].filter(({ late }) => late).length,
  );
  meter.gauge('outbox_bytes', 'Bytes waiting for clients in this process', () => sessions.buffered);
  meter.total('updates_total', 'Updates handed to clients', () => counts.updates);
  meter.total('updates_encoded_total', 'Times an update was encoded', () => counts.encoded);
  meter.total('snapshots_total', 'Snapshots encoded', () => counts.snapshots);
  meter.total('updates_replayed_total', 'Missed changes sent to clients that returned', () => counts.replayed);
  meter.total('socket_writes_total', 'Writes to client sockets', () => counts.writes);
  meter.total('socket_bytes_total', 'Bytes written to client sockets', () => counts.bytes);
  meter.total('updates_dropped_total', 'Updates a late client got only as part of a snapshot', () => counts.dropped);
  meter.total('slow_disconnects_total', 'Clients disconnected because they did not read', () => counts.slowDisconnects);
  meter.total(
    'ticks_conflated_total',
    'Changes overtaken by a newer one within their window',
    () => conflator.conflated,
  );
  for (const layer of ['l1', 'l2', 'l3', 'l4', 'failed'] as const) {
    meter.total(
      'quote_reads_total',
      'REST reads of one symbol by the layer that answered',
      () => reader.served[layer],
      { layer },
    );
  }
  meter.total('vendor_calls_saved_total', 'REST reads of one symbol that needed no vendor call of their own', () => {
    const { l1, l2, l4 } = reader.served;
    return l1 + l2 + l4 + reader.joined;
  });
}
