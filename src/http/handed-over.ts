/** Requests that the console makes of this very app, and for whom. Nobody outside has such a request in hand. */

import type { Principal } from "../domain/permissions.ts";

const handedOver = new WeakMap<Request, Principal>();

/** Says for whom one of our own requests is. */
export function handOver(request: Request, principal: Principal): void {
  handedOver.set(request, principal);
}

/** Finds for whom one of our own requests is; undefined for those from outside. */
export function principalOf(request: Request): Principal | undefined {
  return handedOver.get(request);
}
