/** What is shorter is no secret, such as the key `demo`, and stands in texts by chance. */
const SHORTEST = 6;

/** Takes a secret out of texts, also where it is written as in a URL. */
export function redactor(secret: string): (text: string) => string {
  if (secret.length < SHORTEST) return (text) => text;
  const encoded = encodeURIComponent(secret);
  return (text) => text.replaceAll(secret, '***').replaceAll(encoded, '***');
}
