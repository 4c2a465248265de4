/** What every page comes with: style, script and icon from our own origin and nothing else from anywhere, framed by nobody, no referrer. */

import { secureHeaders } from "hono/secure-headers";

const SELF = ["'self'"];
const NONE = ["'none'"];

/** `formAction` of a page is our own origin: browsers hold redirects after a form to it too, so providers are reached by links. */
export const lookHeaders = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: NONE,
    styleSrc: SELF,
    scriptSrc: SELF,
    imgSrc: SELF,
    connectSrc: SELF,
    formAction: SELF,
    baseUri: NONE,
    frameAncestors: NONE,
  },
  referrerPolicy: "same-origin",
  xFrameOptions: "DENY",
});
