/**
 * Starts what tests inside workerd reach over loopback, once for all of them: the real providers, and the server that plays what
 * a test tells it.
 */

import type { TestProject } from "vitest/node";
import type { ProviderAddress } from "./provider-contract.ts";
import { startOAuth2Server } from "./oauth2-server.ts";
import { type OpenIdProvider, startOpenIdProvider } from "./openid-provider.ts";
import { startScriptedServer } from "./scripted-server.ts";

export default async function start(project: TestProject): Promise<() => Promise<void>> {
  const provider = await startOpenIdProvider();
  project.provide("provider", addressOf(provider));
  const basicProvider = await startOpenIdProvider({ clientAuthMethods: ["client_secret_basic"] });
  project.provide("basicProvider", addressOf(basicProvider));
  const oauth2Server = await startOAuth2Server();
  project.provide("oauth2Server", oauth2Server.address);
  const scripted = await startScriptedServer();
  project.provide("scriptedServer", scripted.origin);
  const running = [provider, basicProvider, oauth2Server, scripted];
  return async () => void (await Promise.all(running.map((each) => each.close())));
}

function addressOf({ authUri, tokenUri, controlUri }: OpenIdProvider): ProviderAddress {
  return { authUri, tokenUri, controlUri };
}
