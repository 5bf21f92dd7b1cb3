/** What a command has to do with the world. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Time now, Unix ms. */
  readonly now: number;
  /** Everything that is piped in. */
  stdin(): Promise<string>;
  /** Resolves when the user wants the program to end; absent where it does not run on. */
  interrupted?(): Promise<void>;
  /** Shows how far it is, in place of what it showed before; absent where nobody watches. */
  progress?(text: string): void;
  out(text: string): void;
  err(text: string): void;
}
