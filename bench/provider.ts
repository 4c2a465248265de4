/**
 * A scripted OAuth provider and key server on loopback, in a process of its own so that it takes nothing from whoever loads the service. It
 * rotates refresh tokens, waits as long as it is told before it answers, and remembers every token request.
 */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import type { ProviderMessage, ProviderSettings, TokenCall } from "./provider-process.ts";

let settings: ProviderSettings = { delayMs: 0, expiresIn: 3600, jwks: { keys: [] } };
let calls: TokenCall[] = [];
/** Refresh tokens that were used: who sends one again has lost an answer, or raced. */
const spent = new Set<string>();

const server = createServer((request, response) => {
  const send = (status: number, body: object) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };
  if (request.url === "/jwks") return send(200, settings.jwks);
  void answerTokens(request, send);
}).listen(0, "127.0.0.1");

async function answerTokens(
  request: Parameters<typeof text>[0],
  send: (status: number, body: object) => void,
): Promise<void> {
  const startedAt = Date.now();
  const token = new URLSearchParams(await text(request)).get("refresh_token") ?? "";
  const isGood = token !== "" && !spent.has(token);
  spent.add(token);
  if (settings.delayMs > 0) await pause(settings.delayMs);
  // The name of the family stays in front, so that nothing has to be remembered to renew it.
  const [family = "", generation = "0"] = token.split(".");
  const next = `${family}.${Number(generation) + 1}`;
  const granted = {
    access_token: `${next}.`.padEnd(200, "t"),
    token_type: "Bearer",
    expires_in: settings.expiresIn,
    refresh_token: next,
  };
  if (isGood) send(200, granted);
  else send(400, { error: "invalid_grant" });
  calls.push({ startedAt, answeredAt: Date.now(), isGood });
}

process.on("message", (message: ProviderMessage) => {
  if (message.kind === "set") settings = { ...settings, ...message.settings };
  else calls = message.kind === "forget" ? [] : calls;
  process.send?.(message.kind === "calls" ? calls : null);
});
process.on("disconnect", () => process.exit());

await once(server, "listening");
process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
