import type { Log } from '#domain';
import { type DestinationStream, pino } from 'pino';

const SECRET_KEYS = [
  'token',
  'password',
  'secret',
  'authorization',
  'Authorization',
  'cookie',
  'apiKey',
  'accessToken',
  '["x-api-key"]',
  '["X-API-Key"]',
];

/** Structured logs, one JSON object a line. Whatever sits under a name that promises a secret is replaced. */
export function pinoLog(level: string, destination?: DestinationStream): Log {
  const paths = SECRET_KEYS.flatMap((key) => {
    const step = key.startsWith('[') ? key : `.${key}`;
    return [key, `*${step}`, `*.*${step}`];
  });
  const options = { level, base: undefined, redact: { paths, censor: '[redacted]' } };
  return destination === undefined ? pino(options) : pino(options, destination);
}
