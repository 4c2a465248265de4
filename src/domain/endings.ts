/** What a person is told when a consent flow is over: a closed list of outcomes, each in plain words with what to do next. */

import type { NamedReason } from "./oauth2/response.ts";

export interface Ending {
  status: 200 | 400 | 404 | 410;
  /** How it looks. */
  mood: "good" | "warn" | "bad";
  title: string;
  text: string;
  /** What to do now. */
  next: string;
}

/** What the pages themselves find, besides the reasons of flows. */
type OwnOutcome = "connected" | "ended" | "failed" | "other_browser" | "unknown_link" | "used";

const AGAIN = "Go back to where you came from and start again.";
const TRY_OR_TELL = `${AGAIN} If that does not help, tell whoever sent you here, with the reference below.`;
const TELL = "You cannot mend this yourself: tell whoever sent you here, with the reference below.";

const failed = (text: string, next = AGAIN): Ending => ({
  status: 400,
  mood: "bad",
  title: "Not connected",
  text,
  next,
});

const FAILED = failed("The account could not be connected.");
const ASKS = failed(
  "The provider needs you to sign in or to agree on its own page, and that did not happen.",
  `${AGAIN} When the provider asks, sign in and answer.`,
);
const BUSY = failed("The provider has trouble of its own or is very busy.", `Wait a few minutes. ${AGAIN}`);
const SETUP = failed("This app is not set up as its provider wants it.", TELL);
const REFUSED = failed("The provider did not accept this app's registration.", TELL);
const UNREADABLE = failed("The provider answered with something that cannot be used.", TRY_OR_TELL);
const OURS = failed("Something went wrong on our side.", `Wait a few minutes. ${AGAIN}`);
const LATE: Ending = {
  status: 410,
  mood: "warn",
  title: "Too late",
  text: "This sign-in was open for too long. A link is good for ten minutes.",
  next: AGAIN,
};

const ENDINGS: Record<NamedReason | OwnOutcome, Ending> = {
  connected: {
    status: 200,
    mood: "good",
    title: "Connected",
    text: "The account is connected, and stays so by itself.",
    next: "You can close this page.",
  },
  access_denied: {
    status: 200,
    mood: "warn",
    title: "Not connected",
    text: "Access was not granted at the provider, so nothing was connected.",
    next: `Was that a mistake? ${AGAIN}`,
  },
  another_account: {
    status: 400,
    mood: "warn",
    title: "Another account",
    text: "You signed in with another account than the one that was connected before. Nothing was changed.",
    next: "Sign out at the provider, start again, and sign in with that one; or ask for the change to be allowed.",
  },
  used: {
    status: 410,
    mood: "warn",
    title: "Already used",
    text: "Somebody has connected an account with this link, and a link works once.",
    next: "If that was you, there is nothing left to do. If not, ask for a new link.",
  },
  ended: {
    status: 410,
    mood: "warn",
    title: "No longer open",
    text: "This sign-in has ended: it can be used once.",
    next: AGAIN,
  },
  other_browser: {
    status: 400,
    mood: "warn",
    title: "Not this browser",
    text: "This sign-in was not started in this browser, or too long ago.",
    next: "Go back to the browser in which you opened the link, or start again from where you came from.",
  },
  unknown_link: {
    status: 404,
    mood: "warn",
    title: "Unknown link",
    text: "This link is not valid. Perhaps it was cut off on its way, or it is more than a day old.",
    next: "Open it once more as you got it, or ask for a new one.",
  },
  failed: FAILED,
  provider_refused: failed("The provider refused, for a reason of its own.", TRY_OR_TELL),

  expired: LATE,
  invalid_grant: { ...LATE, status: 400, text: "The provider's answer came too late, or had been used before." },

  account_selection_required: ASKS,
  consent_required: ASKS,
  interaction_required: ASKS,
  login_required: ASKS,

  provider_unreachable: failed("The provider cannot be reached.", `Wait a few minutes. ${AGAIN}`),
  rate_limited: BUSY,
  server_error: BUSY,
  temporarily_unavailable: BUSY,
  timeout: BUSY,
  too_early: BUSY,

  invalid_scope: failed(
    "This app asks for access that the provider does not give, or does not give to this app.",
    TELL,
  ),
  invalid_client: REFUSED,
  unauthorized_client: REFUSED,
  address_refused: SETUP,
  host_unknown: SETUP,
  invalid_request: SETUP,
  invalid_request_object: SETUP,
  invalid_request_uri: SETUP,
  invalid_target: SETUP,
  no_key: SETUP,
  redirect_refused: SETUP,
  registration_not_supported: SETUP,
  request_not_supported: SETUP,
  request_uri_not_supported: SETUP,
  unsupported_grant_type: SETUP,
  unsupported_response_type: SETUP,
  client_gone: failed("The app that asked for this is not there any more.", TELL),

  missing_access_token: UNREADABLE,
  response_too_large: UNREADABLE,
  unreadable_answer: UNREADABLE,
  unsupported_format: UNREADABLE,

  interrupted: OURS,
  lost_rotation: OURS,
  storage_integrity: { ...OURS, next: TRY_OR_TELL },
  storage_unavailable: OURS,
};

/** Finds what to say about an outcome. One that is not in the list is a failure without a name. */
export function endingOf(outcome: string | undefined): { outcome: string; ending: Ending } {
  if (outcome !== undefined && Object.hasOwn(ENDINGS, outcome)) {
    return { outcome, ending: ENDINGS[outcome as NamedReason | OwnOutcome] };
  }
  if (outcome !== undefined && /^http_(5\d\d|408|425|429)$/.test(outcome)) return { outcome, ending: BUSY };
  if (outcome !== undefined && /^http_4\d\d$/.test(outcome)) return { outcome, ending: SETUP };
  return { outcome: "failed", ending: FAILED };
}
