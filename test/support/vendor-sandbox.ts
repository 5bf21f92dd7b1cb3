import { readEnv } from '#domain';
import { type Sandbox, startSandbox } from '../../apps/sandbox/src/sandbox.js';
import { SandboxEnv } from '../../apps/sandbox/src/sandbox.env.js';

/** A sandbox on a free port whose market moves quickly. */
export function aSandbox(env: Record<string, string> = {}): Promise<Sandbox> {
  return startSandbox(readEnv(SandboxEnv, { SANDBOX_PORT: '0', SANDBOX_TICKS_PER_SECOND: '10', ...env }));
}
