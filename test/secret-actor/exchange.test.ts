/** The exchange of a code, and of its token for one that lives longer: whatever becomes of the second, nothing of the first is lost. */

import { describe, expect, test } from "vitest";
import type { TokenRequest } from "../../src/domain/oauth2/request.ts";
import type { Heard } from "../../src/domain/oauth2/response.ts";
import { exchangeCode } from "../../src/secret-actor/exchange.ts";
import { openRegistration } from "../../src/store/auth-clients.ts";
import { FakeWorld, granted } from "../support/fake-ports.ts";

const flavour = { upgrade: { uri: "https://p.example/upgrade", grant_type: "longer" } };

async function exchanged(second: (world: FakeWorld) => Promise<Heard>): Promise<Heard> {
  const world = await FakeWorld.create();
  await world.register({ flavour });
  world.answers = [async () => granted(world, 1), () => second(world)];
  const request: TokenRequest & { kind: "code_exchange" } = {
    kind: "code_exchange",
    registration: await openRegistration(world.cipher, world.sealedClient),
    callback: new URLSearchParams(),
    state: "s",
    redirectUri: "https://secrets.example.com/callback/oauth2/1",
    codeVerifier: "v",
  };
  return (await exchangeCode(world, world.sealedClient, request)).heard;
}

const withRefreshToken = (heard: Heard, refresh_token: string | null): Heard =>
  heard.kind === "granted" ? { ...heard, grant: { ...heard.grant, refresh_token } } : heard;

describe("a token that is exchanged for one that lives longer", () => {
  test("keeps the refresh token that came with it, when the other has none", async () => {
    const heard = await exchanged(async (world) => withRefreshToken(granted(world, 2), null));
    expect(heard).toMatchObject({ grant: { access_token: "access-2", refresh_token: "refresh-1" } });
  });

  test("has the refresh token of the other, when there is one", async () => {
    const heard = await exchanged(async (world) => granted(world, 2));
    expect(heard).toMatchObject({ grant: { access_token: "access-2", refresh_token: "refresh-2" } });
  });

  test("is kept when the exchange fails in a way that nobody foresaw", async () => {
    const heard = await exchanged(async () => {
      throw new TypeError("Invalid header value.");
    });
    expect(heard).toMatchObject({ kind: "granted", grant: { access_token: "access-1", refresh_token: "refresh-1" } });
  });
});
