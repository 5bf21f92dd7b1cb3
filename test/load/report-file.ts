import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes a result to `.tickwire/bench/<name>.json` and `.md` under the working directory; answers where. */
export function writeReport(name: string, result: object, markdown: string): string {
  const folder = join(process.cwd(), '.tickwire', 'bench');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(result, undefined, 2)}\n`);
  writeFileSync(join(folder, `${name}.md`), `${markdown}\n`);
  return join(folder, `${name}.json`);
}
