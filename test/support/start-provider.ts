/**
 * Starts what tests inside workerd reach over loopback, once for all of them: the two real providers, and servers that play what a test
 * tells them.
 */

import type { TestProject } from "vitest/node";
import "./issuer-contract.ts";
import { startIssuerServer } from "./issuer-server.ts";
import "./provider-contract.ts";
import { startOAuth2Server } from "./oauth2-server.ts";
import { startOpenIdProvider } from "./openid-provider.ts";
import { startScriptedServer } from "./scripted-server.ts";

export default async function start(project: TestProject): Promise<() => Promise<void>> {
  const provider = await startOpenIdProvider();
  const { authUri, tokenUri, controlUri } = provider;
  project.provide("provider", { authUri, tokenUri, controlUri });
  const oauth2Server = await startOAuth2Server();
  project.provide("oauth2Server", oauth2Server.address);
  const scripted = await startScriptedServer();
  project.provide("scriptedServer", scripted.origin);
  const issuers = await startIssuerServer();
  project.provide("issuerServer", issuers.origin);
  const closing = () => Promise.all([provider.close(), oauth2Server.close(), scripted.stop(), issuers.close()]);
  return async () => void (await closing());
}
