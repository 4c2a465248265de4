/** What is said of an auth client's URIs, issuer and addresses, and of what its token endpoint answers to a code that was made up. */

import { describe, expect, test } from "vitest";
import {
  type Finding,
  FINDING_CODES,
  issuerFindings,
  lookAtUris,
  reachFinding,
  type Subject,
} from "../../src/domain/diagnosis.ts";
import { otherWay, secretsToProve, type Trial, trialFindings, verdictOf } from "../../src/domain/dry-run.ts";
import type { Discovered, DiscoveryFault, ProviderMetadata } from "../../src/domain/oauth2/metadata.ts";
import { heardNoKey } from "../../src/domain/oauth2/hearing.ts";
import { registrationOf, type StatedRegistration } from "../../src/domain/oauth2/registration.ts";
import { judgeRefusal } from "../../src/domain/oauth2/response.ts";

const PRODUCTION = { allowLoopback: false };
const URIS = { auth_uri: "https://id.example.com/authorize", token_uri: "https://id.example.com/token" };

function subjectOf(stated: Partial<StatedRegistration> = {}, fields: Record<string, string> = {}): Subject {
  const registration = registrationOf({ client_id: "a", client_secret: "s", ...URIS, ...stated }, null, null);
  const variables = Object.fromEntries(Object.entries(fields).map(([name, value]) => [`fields.${name}`, value]));
  return { registration, redirectUri: "https://secrets.example.com/callback/oauth2/1", variables };
}

const short = (findings: Finding[]) =>
  findings.map(({ level, code, about }) => `${level} ${code} ${about.split("/").at(-1)}`);

describe("lookAtUris", () => {
  const SHOP = { auth_uri: "https://{{fields.shop}}.example.com/", flavour: { hosts: { "fields.shop": "[a-z]+" } } };

  test.each<[string, Partial<StatedRegistration>, Record<string, string>, string[], string[]]>([
    ["all is well", {}, {}, ["ok uris_usable credentials"], ["auth_uri", "token_uri"]],
    [
      "renewals go elsewhere",
      { refresh_token_uri: "https://id.example.com/renew" },
      {},
      ["ok uris_usable credentials"],
      ["auth_uri", "token_uri", "refresh_token_uri"],
    ],
    ["one is missing", { token_uri: "" }, {}, ["error uri_missing token_uri"], ["auth_uri"]],
    ["one may not be called", { token_uri: "https://10.0.0.1/" }, {}, ["error uri_refused token_uri"], ["auth_uri"]],
    ["a variable is not said", SHOP, {}, ["warning variable_missing auth_uri"], ["token_uri"]],
    ["a variable is said", SHOP, { shop: "acme" }, ["ok uris_usable credentials"], ["auth_uri", "token_uri"]],
    [
      "a variable is not what it may be",
      SHOP,
      { shop: "ACME/evil" },
      ["error variable_missing auth_uri"],
      ["token_uri"],
    ],
    [
      "nobody is asked for consent",
      { grant_type: "client_credentials", auth_uri: "" },
      {},
      ["ok uris_usable credentials"],
      ["token_uri"],
    ],
  ])("says that %s", (_, stated, fields, findings, addresses) => {
    const looked = lookAtUris(subjectOf(stated, fields), PRODUCTION);
    expect([short(looked.findings), looked.addresses.map(({ name }) => name)]).toEqual([findings, addresses]);
  });

  test("says where the value of a variable comes from", () => {
    const hosts = { "fields.shop": "[a-z]+", "callback.company": "[a-z]+" };
    const uris = {
      auth_uri: "https://{{fields.shop}}.example.com/",
      token_uri: "https://{{callback.company}}.example.com/",
    };
    const { findings } = lookAtUris(subjectOf({ ...uris, flavour: { hosts } }), PRODUCTION);
    expect(findings.map(({ detail }) => detail)).toEqual([
      '"auth_uri" holds fields.shop: say the value in "fields" to have this address looked at.',
      '"token_uri" holds callback.company: only a consent tells it.',
    ]);
  });

  test("never repeats what was said for a variable", () => {
    const { findings } = lookAtUris(subjectOf(SHOP, { shop: "sentinel/value" }), PRODUCTION);
    expect(JSON.stringify(findings)).not.toContain("sentinel");
  });
});

describe("issuerFindings", () => {
  const ISSUER = "https://id.example.com";
  const heard = (metadata: Partial<ProviderMetadata>): Discovered => ({
    kind: "heard",
    metadata: { issuer: ISSUER, ...metadata },
  });
  const failed = (fault: DiscoveryFault): Discovered => ({ kind: "failed", fault });
  const OK = "ok issuer_heard issuer";

  test.each<[string, Partial<StatedRegistration>, Discovered | null, string[]]>([
    ["nothing where there is none", {}, null, []],
    ["that it is well", {}, heard({ token_endpoint: URIS.token_uri }), [OK]],
    [
      "which endpoints differ",
      {},
      heard({ token_endpoint: "https://new.example.com/token", authorization_endpoint: "https://new.example.com/" }),
      [OK, "warning endpoint_differs auth_uri", "warning endpoint_differs token_uri"],
    ],
    [
      "that it wants another authentication",
      {},
      heard({ token_endpoint_auth_methods_supported: ["client_secret_basic"] }),
      [OK, "warning auth_method_unlisted client_auth"],
    ],
    [
      "nothing of ways of authenticating that have no name",
      { flavour: { client_auth: "bearer_secret" } },
      heard({ token_endpoint_auth_methods_supported: ["client_secret_basic"] }),
      [OK],
    ],
    ["that it is another", {}, failed("issuer_differs"), ["error issuer_differs issuer"]],
    ["that it is silent, which does no harm yet", {}, failed("timeout"), ["warning issuer_unheard issuer"]],
    ["that it is silent, and missed", { token_uri: "" }, failed("timeout"), ["error issuer_unheard issuer"]],
  ])("says %s", (_, stated, discovered, expected) => {
    expect(short(issuerFindings(subjectOf(stated).registration, discovered))).toEqual(expected);
  });
});

test.each([
  [{ status: 404 }, "ok reachable token_uri"],
  [{ status: 302 }, "ok reachable token_uri"],
  [{ status: 503 }, "warning server_fails token_uri"],
  [{ fault: "timeout" }, "error timeout token_uri"],
  [{ fault: "unreachable" }, "error unreachable token_uri"],
] as const)("reachFinding of %o is %s", (reach, expected) => {
  expect(short([reachFinding({ name: "token_uri", uri: URIS.token_uri }, reach)])).toEqual([expected]);
});

describe("verdictOf", () => {
  test.each<[number, string | null, string]>([
    [400, "invalid_grant", "accepted"],
    [200, "bad_verification_code", "accepted"],
    [401, "invalid_client", "refused"],
    [401, null, "refused"],
    [400, "invalid_client", "refused"],
    [200, "incorrect_client_credentials", "refused"],
    [400, "unauthorized_client", "grant_refused"],
    [400, "unsupported_grant_type", "grant_unsupported"],
    [400, "invalid_scope", "scope_refused"],
    [400, "redirect_uri_mismatch", "redirect_uri_unknown"],
    [400, "invalid_request", "request_refused"],
    [404, null, "wrong_path"],
    [405, null, "wrong_method"],
    [302, null, "redirected"],
    [429, "invalid_client", "rate_limited"],
    [500, null, "server_fails"],
    [503, null, "server_fails"],
    [403, null, "answer_unclear"],
    [400, "toString", "answer_unclear"],
    [400, "words of its own", "answer_unclear"],
  ])("of %i with %s is %s", (status, code, verdict) => {
    expect(verdictOf({ kind: "refused", refusal: judgeRefusal(status, code, null) }, code)).toBe(verdict);
  });

  test("believes the flavour about a provider's own codes", () => {
    const refusal = judgeRefusal(400, "invalid_request", null, "reauthorize");
    expect(verdictOf({ kind: "refused", refusal }, "invalid_request")).toBe("accepted");
  });
});

test("verdictOf a request that nobody could sign is that nothing was sent", () => {
  expect(verdictOf(heardNoKey(), null)).toBe("nothing");
});

describe("the secrets that are tried", () => {
  test.each<[string, Partial<StatedRegistration>, string[]]>([
    ["one", {}, ["client_secret"]],
    ["two", { next_client_secret: "n" }, ["client_secret", "next_client_secret"]],
    ["a public client without any", { flavour: { client_auth: "none" } }, ["client_secret"]],
  ])("are %s", (_, stated, expected) => {
    expect(secretsToProve(subjectOf(stated).registration)).toEqual(expected);
  });

  test("are none where the grant itself is the proof", () => {
    const { client_secret: _, ...registration } = subjectOf({ grant_type: "jwt_bearer" }).registration;
    expect(secretsToProve(registration)).toEqual([]);
  });

  test("are none where a request that does not say which grant it is about might get a real token", () => {
    const flavour = { omit_params: ["grant_type"] };
    expect(secretsToProve(subjectOf({ grant_type: "client_credentials", flavour }).registration)).toEqual([]);
    expect(secretsToProve(subjectOf({ flavour }).registration)).toEqual(["client_secret"]);
  });

  test.each<[string, Partial<Trial>[], string | null]>([
    ["Basic where the body is refused", [{ auth: "body", verdict: "refused" }], "basic"],
    ["the body where Basic is refused", [{ auth: "basic", verdict: "refused" }], "body"],
    ["nothing where it is accepted", [{ auth: "body", verdict: "accepted" }], null],
    [
      "nothing where one of two is accepted",
      [
        { auth: "body", verdict: "refused" },
        { auth: "body", verdict: "accepted" },
      ],
      null,
    ],
    ["nothing where it is not about the client", [{ auth: "body", verdict: "server_fails" }], null],
    ["nothing for other ways", [{ auth: "private_key_jwt", verdict: "refused" }], null],
    ["nothing where nothing was tried", [], null],
  ])("are tried in another way: %s", (_, trials, expected) => {
    expect(otherWay(trials as Trial[])).toBe(expected);
  });
});

describe("trialFindings", () => {
  const trial = (verdict: Trial["verdict"], more: Partial<Trial> = {}): Trial => ({
    secret: "client_secret",
    auth: "body",
    verdict,
    asksForBasic: false,
    ...more,
  });
  const next = { secret: "next_client_secret" } as const;
  const basic = { auth: "basic" } as const;

  test.each<[string, Partial<StatedRegistration>, Trial[], string[]]>([
    ["accepted", {}, [trial("accepted")], ["ok client_accepted client_secret"]],
    ["refused both ways", {}, [trial("refused"), trial("refused", basic)], ["error secret_wrong client_secret"]],
    ["taken as Basic", {}, [trial("refused"), trial("accepted", basic)], ["error wants_basic client_auth"]],
    [
      "taken in the body",
      { flavour: { client_auth: "basic" } },
      [trial("refused", basic), trial("accepted")],
      ["error wants_body client_auth"],
    ],
    [
      "refused both ways by who asks for Basic",
      {},
      [trial("refused", { asksForBasic: true }), trial("refused", basic)],
      ["error secret_wrong client_secret", "warning wants_basic client_auth"],
    ],
    [
      "one of two",
      { next_client_secret: "n" },
      [trial("refused"), trial("accepted", next)],
      ["warning secret_wrong client_secret", "ok client_accepted next_client_secret"],
    ],
    [
      "neither of two",
      { next_client_secret: "n" },
      [trial("refused"), trial("refused", next)],
      ["error secret_wrong client_secret", "error secret_wrong next_client_secret"],
    ],
    [
      "a public client",
      { flavour: { client_auth: "none" } },
      [trial("refused", { auth: "none" })],
      ["error client_refused client_id"],
    ],
    ["a grant that is not allowed", {}, [trial("grant_refused")], ["error grant_refused client_id"]],
    [
      "a grant that is not needed",
      { grant_type: "client_credentials" },
      [trial("grant_refused")],
      ["ok client_accepted client_secret"],
    ],
    [
      "a grant that is not known and not needed",
      { grant_type: "client_credentials" },
      [trial("grant_unsupported")],
      ["ok not_checked client_secret"],
    ],
    ["a redirect URI", {}, [trial("redirect_uri_unknown")], ["error redirect_uri_unknown redirect_uri"]],
    ["nothing tried", {}, [], ["ok not_checked credentials"]],
    ["no time left", {}, [trial("nothing")], ["warning not_checked token_uri"]],
    ["a token", {}, [trial("granted")], ["warning token_for_nothing token_uri"]],
  ])("tells of %s", (_, stated, trials, expected) => {
    expect(short(trialFindings(subjectOf(stated), trials))).toEqual(expected);
  });

  test("names the redirect URI that is to be registered", () => {
    const subject = subjectOf();
    expect(trialFindings(subject, [trial("redirect_uri_unknown")])[0]?.detail).toContain(subject.redirectUri);
  });

  test("says one sentence or two of everything that can be heard, by a code of the list", () => {
    const verdicts = ["accepted", "refused", "granted", "nothing", "answer_unclear", "uri_refused", "timeout"] as const;
    const others = ["unreachable", "grant_refused", "grant_unsupported", "scope_refused", "request_refused"] as const;
    const more = [
      "wrong_path",
      "wrong_method",
      "redirected",
      "format_unsupported",
      "rate_limited",
      "server_fails",
    ] as const;
    for (const verdict of [...verdicts, ...others, ...more]) {
      const [finding] = trialFindings(subjectOf(), [trial(verdict)]);
      expect(FINDING_CODES).toContain(finding?.code);
      expect(finding?.detail).toMatch(/^["A-Z].{10,160}[.?]$/);
    }
  });
});
