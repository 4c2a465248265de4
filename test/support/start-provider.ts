/** Starts the real OpenID provider once for all tests inside workerd, which reach it over loopback. */

import type { TestProject } from "vitest/node";
import { startOpenIdProvider } from "./openid-provider.ts";

/** Where tests find the provider. */
export interface ProviderAddress {
  authUri: string;
  tokenUri: string;
  controlUri: string;
}

declare module "vitest" {
  interface ProvidedContext {
    provider: ProviderAddress;
  }
}

export default async function start(project: TestProject): Promise<() => Promise<void>> {
  const provider = await startOpenIdProvider();
  const { authUri, tokenUri, controlUri } = provider;
  project.provide("provider", { authUri, tokenUri, controlUri });
  return () => provider.close();
}
