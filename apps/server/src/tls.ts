import type { Server as TlsServer } from 'node:https';
import { createSecureContext } from 'node:tls';
import { WatchedFile } from '#auth';
import { type Clock, ConfigError, type Log } from '#domain';
import { readConfigFile } from './config-file.js';
import type { SecurityConfig } from './security.config.js';

/** Certificate chain and private key, PEM. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/**
 * Reads certificate and key. Undefined when TLS is not set up.
 * @throws ConfigError if they cannot be read or do not belong together
 */
export async function loadTls({ tlsCertFile, tlsKeyFile }: SecurityConfig): Promise<TlsFiles | undefined> {
  if (tlsCertFile === undefined || tlsKeyFile === undefined) return undefined;
  const files = {
    cert: await readConfigFile('TLS_CERT_FILE', tlsCertFile),
    key: await readConfigFile('TLS_KEY_FILE', tlsKeyFile),
  };
  try {
    createSecureContext(files);
  } catch (error) {
    throw new ConfigError([`TLS_CERT_FILE, TLS_KEY_FILE: not a certificate and its key: ${(error as Error).message}`]);
  }
  return files;
}

/** Puts a renewed certificate in force for new connections once both files fit each other. Returns what ends that. */
export function followTls(
  config: SecurityConfig,
  files: TlsFiles,
  server: TlsServer,
  clock: Clock,
  log: Log,
): () => void {
  const present = { ...files };
  const watched = (['cert', 'key'] as const).map((part) => {
    const path = (part === 'cert' ? config.tlsCertFile : config.tlsKeyFile) as string;
    const file = new WatchedFile(path, files[part], clock, log);
    file.start((text) => {
      present[part] = text;
      // throws until the other file has followed
      server.setSecureContext(present);
    });
    return file;
  });
  return () => watched.forEach((file) => file.stop());
}
