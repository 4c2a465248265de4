/** What every page for people comes with: nothing but its own style, from nowhere, framed by nobody, and no referrer. */

import { NONCE, secureHeaders } from "hono/secure-headers";

export const pageHeaders = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    styleSrc: [NONCE],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
  referrerPolicy: "no-referrer",
  xFrameOptions: "DENY",
});
