/** What a command has to do with the world. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Time now, Unix ms. */
  readonly now: number;
  /** Everything that is piped in. */
  stdin(): Promise<string>;
  out(text: string): void;
  err(text: string): void;
}
