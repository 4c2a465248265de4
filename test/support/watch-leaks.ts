/** Fails each test during which a secret left the service (SECURITY 26). */

import { afterEach } from "vitest";
import { takeLeaks, watchConsole } from "./sentinel.ts";

watchConsole();

afterEach(() => {
  const leaks = takeLeaks();
  if (leaks.length > 0) throw new Error(leaks.join("\n"));
});
