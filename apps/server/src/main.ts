import { ConfigError } from '#domain';
import { startServer } from './server.js';

try {
  const server = await startServer(process.env);
  const stop = (): void => {
    void server.stop().finally(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  // the script that started us is gone
  process.once('disconnect', stop);
  // tells the script that started us where to look
  process.send?.({ url: server.url });
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return `Another program uses port ${process.env['PORT'] ?? 3000}. Choose one with PORT=3100.`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
