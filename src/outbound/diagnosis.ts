/**
 * Looks at an auth client from the outside: asks its issuer, knocks at its provider's addresses, and shows the token endpoint a code that
 * was made up. Never sends a real code or refresh token, and asks for no real token. What was heard is judged by `domain/diagnosis`.
 */

import {
  type Address,
  type Finding,
  issuerFindings,
  lookAtUris,
  type Reach,
  reachFinding,
  type Subject,
} from "../domain/diagnosis.ts";
import { otherWay, secretsToProve, type Trial, trialFindings, verdictOf } from "../domain/dry-run.ts";
import { membersOf, type RawAnswer, readAnswer } from "../domain/oauth2/answer.ts";
import { withSecret } from "../domain/oauth2/client-secrets.ts";
import type { ClientAuth } from "../domain/oauth2/flavour.ts";
import type { OAuth2Registration, SecretName } from "../domain/oauth2/registration.ts";
import type { TokenRequest } from "../domain/oauth2/request.ts";
import type { EgressPolicy } from "../domain/provider-uri.ts";
import { discover } from "./discovery.ts";
import { guardedFetch } from "./guarded-fetch.ts";
import { sendTokenRequest } from "./token-endpoint.ts";

/** How long each request may take, and all of them; with less left than `leastMs` nothing is sent. */
const LIMITS = { requestMs: 10_000, totalMs: 30_000, leastMs: 1000 };
type Limits = typeof LIMITS;
/** What nobody can take for a code of theirs. */
const MADE_UP = "made-up-by-edge-secrets-to-look-whether-this-client-is-known";

/** Asks at most eight times: the issuer twice, three addresses, and three times the token endpoint, one after the other. */
export async function diagnose(subject: Subject, policy: EgressPolicy, limits: Limits = LIMITS): Promise<Finding[]> {
  const until = Date.now() + limits.totalMs;
  const { registration } = subject;
  const { addresses, findings } = lookAtUris(subject, policy);
  const [discovered, reached] = await Promise.all([
    registration.issuer === undefined ? null : discover(registration.issuer, policy),
    Promise.all(addresses.map(async (address) => ({ address, reach: await knock(address, policy, limits) }))),
  ]);
  const isThere = reached.some(({ address, reach }) => address.name === "token_uri" && "status" in reach);
  const trials = isThere
    ? await tryClient((secret, auth) => tryOnce(subject, secret, auth, { ...limits, policy, until }), registration)
    : [];
  return [
    ...findings,
    ...issuerFindings(registration, discovered),
    ...reached.map(({ address, reach }) => reachFinding(address, reach)),
    ...trialFindings(subject, trials),
  ];
}

/** Looks whether somebody answers. Sends nothing along, and wants no body. */
async function knock({ uri }: Address, policy: EgressPolicy, { requestMs }: Limits): Promise<Reach> {
  const fetched = await guardedFetch(uri, { method: "HEAD", headers: {} }, { policy, timeoutMs: requestMs });
  if (fetched.kind === "answer") return { status: fetched.answer.status };
  return { fault: fetched.refusal.reason === "timeout" ? "timeout" : "unreachable" };
}

/** Tries each secret as the flavour has it, and when all are refused the first once more in the other way. No real code is at stake. */
async function tryClient(
  tryWith: (secret: SecretName, auth: ClientAuth) => Promise<Trial>,
  registration: OAuth2Registration,
): Promise<Trial[]> {
  const trials: Trial[] = [];
  const own = registration.flavour?.client_auth ?? "body";
  const secrets = secretsToProve(registration);
  for (const secret of secrets) trials.push(await tryWith(secret, own));
  const [first = "client_secret"] = secrets;
  const other = otherWay(trials);
  return other === null ? trials : [...trials, await tryWith(first, other)];
}

async function tryOnce(
  { registration, redirectUri, variables }: Subject,
  secret: SecretName,
  auth: ClientAuth,
  { policy, until, requestMs, leastMs }: Limits & { policy: EgressPolicy; until: number },
): Promise<Trial> {
  const timeoutMs = Math.min(requestMs, until - Date.now());
  const silent: Trial = { secret, auth, verdict: "nothing", asksForBasic: false };
  if (timeoutMs < leastMs) return silent;
  const flavour = { ...registration.flavour, client_auth: auth };
  const state = crypto.randomUUID();
  const callback = new URLSearchParams({ [flavour.code_param ?? "code"]: MADE_UP, state });
  if (registration.issuer !== undefined) callback.set("iss", registration.issuer);
  const request: TokenRequest = withSecret(
    {
      kind: "code_exchange",
      registration: { ...registration, flavour },
      variables,
      callback,
      state,
      redirectUri,
      codeVerifier: MADE_UP,
    },
    secret,
  );
  let answer: RawAnswer | undefined;
  const limits = {
    policy,
    timeoutMs,
    now: () => Date.now(),
    publicUrl: new URL(redirectUri).origin,
    onAnswer: (raw: RawAnswer) => void (answer = raw),
  };
  try {
    const heard = await sendTokenRequest(request, limits);
    const members = answer === undefined ? null : membersOf(answer);
    const code = members === null ? null : (readAnswer(flavour, members).error?.code ?? null);
    return { secret, auth, verdict: verdictOf(heard, code), asksForBasic: answer?.asksForBasic === true };
  } catch {
    // Something of the client, its secret for instance, is what no request can carry.
    return silent;
  }
}
