/** What a client does with a delta: absolute values replace, null clears. */
export function applyDelta(held: object, data: object): object {
  const merged: Record<string, unknown> = { ...held };
  for (const [name, value] of Object.entries(data)) {
    if (value === null) delete merged[name];
    else merged[name] = value;
  }
  return merged;
}
