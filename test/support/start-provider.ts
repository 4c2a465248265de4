/** Starts the real OpenID provider once for all tests inside workerd, which reach it over loopback. */

import type { TestProject } from "vitest/node";
import "./provider-contract.ts";
import { startOpenIdProvider } from "./openid-provider.ts";

export default async function start(project: TestProject): Promise<() => Promise<void>> {
  const provider = await startOpenIdProvider();
  const { authUri, tokenUri, controlUri } = provider;
  project.provide("provider", { authUri, tokenUri, controlUri });
  return () => provider.close();
}
