/** The page on which a consent flow ends when the platform named no page of its own. Its words come from a closed list. */

import { html } from "hono/html";

interface Ending {
  status: 200 | 400 | 404;
  title: string;
  text: string;
}

const STARTED_AGAIN = "Go back to where you came from and start again.";

const ENDINGS: Record<string, Ending> = {
  connected: { status: 200, title: "Connected", text: "The account is connected. You can close this page." },
  access_denied: {
    status: 200,
    title: "Not connected",
    text: `Access was not granted at the provider. ${STARTED_AGAIN}`,
  },
  another_account: {
    status: 400,
    title: "Another account",
    text: "You signed in with another account than the one that was connected before. Sign in with that one, or ask for the change to be allowed.",
  },
  expired: { status: 400, title: "Too late", text: `This sign-in was open for too long. ${STARTED_AGAIN}` },
  ended: { status: 400, title: "Already used", text: `This sign-in has ended: it can be used once. ${STARTED_AGAIN}` },
  other_browser: {
    status: 400,
    title: "Not this browser",
    text: `This sign-in was not started in this browser, or too long ago. ${STARTED_AGAIN}`,
  },
  unknown_link: { status: 404, title: "Unknown link", text: "This link is not valid. Ask for a new one." },
  invalid_client: {
    status: 400,
    title: "Not connected",
    text: "The provider did not accept this app's registration. Whoever runs it has to correct the auth client.",
  },
};

const FAILED: Ending = {
  status: 400,
  title: "Not connected",
  text: `The account could not be connected. ${STARTED_AGAIN}`,
};

/** Makes the page for an outcome; one that is not in the list is shown as a failure. */
export function endPage(outcome: string | undefined, nonce: string) {
  const ending = (outcome !== undefined && Object.hasOwn(ENDINGS, outcome) && ENDINGS[outcome]) || FAILED;
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${ending.title}</title>
        <style nonce="${nonce}">
          :root {
            color-scheme: light dark;
            font:
              1.125rem/1.6 system-ui,
              sans-serif;
          }
          main {
            max-width: 32rem;
            margin: 20vh auto 0;
            padding: 0 1.5rem;
          }
          h1 {
            font-size: 1.75rem;
            line-height: 1.2;
            margin: 0 0 0.5rem;
          }
          p {
            margin: 0;
          }
        </style>
      </head>
      <body>
        <main>
          <h1>${ending.title}</h1>
          <p>${ending.text}</p>
        </main>
      </body>
    </html>`;
  return { status: ending.status, document };
}
