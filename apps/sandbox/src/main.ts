import { ConfigError, readEnv } from '#domain';
import { startSandbox } from './sandbox.js';
import { SandboxEnv } from './sandbox.env.js';

try {
  const sandbox = await startSandbox(readEnv(SandboxEnv, process.env));
  const stop = (): void => {
    void sandbox.close().then(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  // the script that started us is gone
  process.once('disconnect', stop);
  process.stdout.write(`Vendor sandbox with ${sandbox.market.listings.size} instruments at ${sandbox.url}\n`);
  // tells the script that started us where to look
  process.send?.({ url: sandbox.url, settings: sandbox.settings });
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
  process.exit(1);
}
