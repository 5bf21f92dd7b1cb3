import type { Request } from 'express';

/** A layer of Express' router, as far as it is asked. */
interface Layer {
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): boolean;
}

/** Methods that the path of a request has routes for, `HEAD` wherever there is `GET`; none for a path without routes. */
export function allowedMethods(request: Request): string[] {
  const { stack } = (request.app as unknown as { router: { stack: readonly Layer[] } }).router;
  // a handler that is mounted somewhere sees the rest of the path only
  const path = request.baseUrl + request.path;
  const methods = new Set<string>();
  for (const layer of stack) {
    // one for all methods is what answers when there is no other
    if (layer.route === undefined || layer.route.methods['_all'] === true || !fits(layer, path)) continue;
    for (const method of Object.keys(layer.route.methods)) methods.add(method.toUpperCase());
  }
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods].toSorted();
}

function fits(layer: Layer, path: string): boolean {
  try {
    return layer.match(path);
  } catch {
    // a broken percent escape fits nothing
    return false;
  }
}
