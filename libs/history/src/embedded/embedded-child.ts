import { Socket } from 'node:net';
import { loadChdb } from './chdb.js';
import { type Answer, frame, FrameReader, type Request } from './frames.js';
import { Statements } from './statements.js';

/** The engine's process: folder and the engine's arguments on the command line, frames over descriptor 3. */
const PIPE = 3;
/** Patience with statements under way once the gateway is gone, ms. */
const LEAVE_WITHIN_MS = 1000;

const [folder = '', ...connectionArgs] = process.argv.slice(2);
const pipe = new Socket({ fd: PIPE });

// an interrupt at the terminal reaches us too; the gateway says when it is time
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

const { Session } = loadChdb();
const open = (): InstanceType<typeof Session> => new Session(folder, { connectionArgs });
// the engine stays open as long as this session does
const first = open();
const statements = new Statements(open, folder);

const reader = new FrameReader<Request>(({ head, body }) => {
  if (head.kind === 'kill') return void statements.kill(head.id).catch(() => undefined);
  const task = head.kind === 'query' ? statements.query(head) : statements.insert(head, body);
  task.then(
    (rows) => say({ kind: 'done', id: head.id }, rows),
    (error: unknown) =>
      say({ kind: 'failed', id: head.id, text: error instanceof Error ? error.message : String(error) }),
  );
});

function say(head: Answer, body?: Uint8Array): void {
  for (const piece of frame(head, body)) if (piece.length > 0) pipe.write(piece);
}

function leave(): void {
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), LEAVE_WITHIN_MS);
  first.close();
  process.exit(0);
}

pipe.on('data', (chunk) => reader.read(chunk));
pipe.on('error', () => undefined);
pipe.on('close', leave);
say({ kind: 'open' });
