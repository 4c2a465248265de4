/**
 * What a token endpoint says to a code that was made up. A provider that looks for the code has taken the client's secret; one that refuses
 * the client says so first. Nothing is spent: there never was such a code. Pure.
 */

import { type Finding, type FindingCode, ofCredentials, type Subject } from "./diagnosis.ts";
import type { ClientAuth } from "./oauth2/flavour.ts";
import { isSecretless, type OAuth2Registration, type SecretName } from "./oauth2/registration.ts";
import type { Heard } from "./oauth2/response.ts";

/** What one answer comes to. */
export type Verdict =
  | ("accepted" | "refused" | "granted" | "nothing" | "answer_unclear" | "uri_refused" | "timeout" | "unreachable")
  | ("grant_refused" | "grant_unsupported" | "scope_refused" | "redirect_uri_unknown" | "request_refused")
  | ("wrong_path" | "wrong_method" | "redirected" | "format_unsupported" | "rate_limited" | "server_fails");

/** One request with a made-up code, and what was heard. */
export interface Trial {
  secret: SecretName;
  auth: ClientAuth;
  verdict: Verdict;
  /** The answer asks for Basic (RFC 9110 11.6.1). */
  asksForBasic: boolean;
}

/** Codes of the standard (RFC 6749 5.2), and the providers' own ones for the same things. */
const VERDICTS: Readonly<Record<string, Verdict>> = {
  invalid_grant: "accepted",
  bad_verification_code: "accepted",
  invalid_code: "accepted",
  code_expired: "accepted",
  invalid_client: "refused",
  invalid_client_id: "refused",
  invalid_client_secret: "refused",
  bad_client_secret: "refused",
  incorrect_client_credentials: "refused",
  deleted_client: "refused",
  unauthorized_client: "grant_refused",
  unsupported_grant_type: "grant_unsupported",
  invalid_scope: "scope_refused",
  redirect_uri_mismatch: "redirect_uri_unknown",
  bad_redirect_uri: "redirect_uri_unknown",
  invalid_redirect_uri: "redirect_uri_unknown",
  invalid_request: "request_refused",
};
const BY_REASON: Readonly<Record<string, Verdict>> = {
  timeout: "timeout",
  provider_unreachable: "unreachable",
  address_refused: "uri_refused",
  host_unknown: "uri_refused",
  redirect_refused: "redirected",
  unsupported_format: "format_unsupported",
  rate_limited: "rate_limited",
  server_error: "server_fails",
  temporarily_unavailable: "server_fails",
  no_key: "nothing",
  http_404: "wrong_path",
  http_405: "wrong_method",
};

/** Judges an answer to a made-up code. `code` is what it calls the error, whatever it holds. */
export function verdictOf(heard: Heard, code: string | null): Verdict {
  if (heard.kind === "granted") return "granted";
  const { class: kind, reason } = heard.refusal;
  // The flavour knows best what its provider's codes mean.
  if (kind === "reauthorize" || kind === "too_early") return "accepted";
  if (kind === "rate_limited") return "rate_limited";
  const ofCode = code !== null && Object.hasOwn(VERDICTS, code) ? VERDICTS[code] : undefined;
  const ofReason = VERDICTS[reason] ?? BY_REASON[reason];
  return ofCode ?? ofReason ?? (reason.startsWith("http_5") ? "server_fails" : "answer_unclear");
}

/** Lists the secrets that are tried; none where there is nothing that a made-up code could show. */
export function secretsToProve({
  client_secret,
  next_client_secret,
  grant_type = "authorization_code",
  flavour = {},
}: OAuth2Registration): SecretName[] {
  // One that does not say which grant it is about might get a real token.
  const isSilent = grant_type !== "authorization_code" && flavour.omit_params?.includes("grant_type") === true;
  if (isSilent) return [];
  if (isSecretless(flavour)) return ["client_secret"];
  if (client_secret === undefined) return grant_type === "jwt_bearer" ? [] : ["client_secret"];
  return next_client_secret === undefined ? ["client_secret"] : ["client_secret", "next_client_secret"];
}

/** Gives the other way to send a secret, where the provider refused it in the one that is set; null when there is nothing to try. */
export function otherWay(trials: readonly Trial[]): ClientAuth | null {
  const [first] = trials;
  if (first === undefined || !trials.every(({ verdict }) => verdict === "refused")) return null;
  if (first.auth === "body") return "basic";
  return first.auth === "basic" ? "body" : null;
}

/** Says what the trials show. The last may be one in the other way. */
export function trialFindings(subject: Subject, trials: readonly Trial[]): Finding[] {
  const auth = subject.registration.flavour?.client_auth ?? "body";
  const own = trials.filter((trial) => trial.auth === auth);
  const other = trials.find((trial) => trial.auth !== auth);
  if (own.length === 0) {
    const detail = "Whether the provider accepts this client is not known: nothing was sent that would show it.";
    return [{ check: "client", level: "ok", code: "not_checked", detail, about: "/data/attributes/credentials" }];
  }
  if (other !== undefined && isAccepted(other.verdict)) return [wayFinding(other.auth, "error")];
  const hint = own.some(({ asksForBasic }) => asksForBasic) && auth === "body" ? [wayFinding("basic", "warning")] : [];
  const isAnotherAccepted = own.some(({ verdict }) => isAccepted(verdict));
  return [...own.map((trial) => trialFinding(trial, isAnotherAccepted, subject)), ...hint];
}

function isAccepted(verdict: Verdict): boolean {
  return verdict === "accepted" || verdict === "redirect_uri_unknown" || verdict === "grant_refused";
}

function wayFinding(auth: ClientAuth, level: Finding["level"]): Finding {
  const isBasic = auth === "basic";
  const wants = isBasic ? "wants Basic authentication" : "wants the client secret in the body";
  return {
    check: "client",
    level,
    code: isBasic ? "wants_basic" : "wants_body",
    detail: `This provider ${wants}: set "client_auth" to "${auth}".`,
    about: "/data/attributes/flavour/client_auth",
  };
}

type Told = readonly [level: Finding["level"], code: FindingCode, detail: string, about?: string];

/** What is the same for every client; about `token_uri` unless it says otherwise. */
const TOLD: Record<Exclude<Verdict, "accepted" | "refused" | "redirect_uri_unknown">, Told> = {
  grant_refused: [
    "error",
    "grant_refused",
    "The provider knows the client, but lets it use no authorization codes: allow this grant there.",
    ofCredentials("client_id"),
  ],
  grant_unsupported: [
    "error",
    "grant_unsupported",
    'The provider does not know the grant of authorization codes at this address: is "token_uri" right?',
  ],
  scope_refused: [
    "error",
    "scope_refused",
    'The provider refuses a scope: look at the "token_params" of the flavour.',
    "/data/attributes/flavour",
  ],
  request_refused: [
    "warning",
    "request_refused",
    "The provider finds the request itself wrong: it may want other parameters, or another form of body.",
    "/data/attributes/flavour",
  ],
  granted: [
    "warning",
    "token_for_nothing",
    "The provider gave a token for a code that was made up. It was thrown away; is this a server for tests?",
  ],
  wrong_path: ["error", "wrong_path", 'There is nothing at "token_uri" (404): correct its path.'],
  wrong_method: [
    "error",
    "wrong_method",
    '"token_uri" does not take this method (405): is it the token endpoint, or does the provider want another method?',
  ],
  redirected: [
    "error",
    "redirected",
    '"token_uri" answers with a redirect, which is not followed: state the address that it leads to.',
  ],
  format_unsupported: [
    "error",
    "format_unsupported",
    '"token_uri" answers with a page or XML, not with JSON: it is probably another address.',
  ],
  uri_refused: ["error", "uri_refused", 'This service makes no requests to "token_uri".'],
  rate_limited: ["warning", "rate_limited", "The provider has had too many requests. Try again later."],
  server_fails: ["warning", "server_fails", "The provider's token endpoint fails. Try again later."],
  timeout: ["error", "timeout", "The token endpoint does not answer in time."],
  unreachable: ["error", "unreachable", "The token endpoint closes the connection without an answer."],
  nothing: [
    "warning",
    "not_checked",
    "There was no time left to ask the token endpoint, or no key to sign the request with.",
  ],
  answer_unclear: [
    "warning",
    "answer_unclear",
    "The token endpoint refuses a made-up code in words of its own, which say nothing of the client for sure.",
  ],
};

function trialFinding(trial: Trial, isAnotherAccepted: boolean, { registration, redirectUri }: Subject): Finding {
  const [level, code, detail, about = ofCredentials("token_uri")] = told(
    trial,
    isAnotherAccepted,
    registration,
    redirectUri,
  );
  return { check: "client", level, code, detail, about };
}

function told(
  { secret, verdict }: Trial,
  isAnotherAccepted: boolean,
  registration: OAuth2Registration,
  redirectUri: string,
): Told {
  const { grant_type = "authorization_code", flavour = {} } = registration;
  const hasSecret = !isSecretless(flavour) && registration[secret] !== undefined;
  const about = ofCredentials(hasSecret ? secret : "client_id");
  const isOfCodes = grant_type === "authorization_code";
  const accepted: Told = ["ok", "client_accepted", acceptance(hasSecret, secret), about];
  if (verdict === "accepted") return accepted;
  if (verdict === "refused" && hasSecret) {
    const called = secret === "client_secret" ? "the client secret" : "the next client secret";
    // While one takes the place of the other, one of two is enough.
    const level = isAnotherAccepted ? "warning" : "error";
    return [level, "secret_wrong", `The provider refuses the client: ${called} is wrong, or "client_id" is.`, about];
  }
  if (verdict === "refused") {
    const detail = 'The provider refuses the client: correct "client_id", or how it authenticates.';
    return ["error", "client_refused", detail, about];
  }
  // Whoever needs no codes is not hurt by their being refused.
  if (!isOfCodes && isAccepted(verdict)) return accepted;
  if (!isOfCodes && verdict === "grant_unsupported") {
    const detail = "The provider knows no authorization codes, so nothing could be tried without asking for a token.";
    return ["ok", "not_checked", detail, about];
  }
  if (verdict !== "redirect_uri_unknown") return TOLD[verdict];
  const detail = `The provider does not know the redirect URI: register ${redirectUri} there.`;
  return ["error", "redirect_uri_unknown", detail, "/data/attributes/redirect_uri"];
}

function acceptance(hasSecret: boolean, secret: SecretName): string {
  if (!hasSecret) return "The provider knows this client.";
  return `The provider knows this client, and accepts ${secret === "client_secret" ? "its secret" : "its next secret"}.`;
}
