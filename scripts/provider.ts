// Runs a real OpenID provider (oidc-provider) on this machine, to connect accounts to while you try things out: any name signs in
// with any password, access tokens live 90 seconds, refresh tokens rotate. It forgets everything when it stops.
//
//   npm run provider -- [--port 4000]

import { parseArgs } from "node:util";
import { startOpenIdProvider } from "../test/support/openid-provider.ts";

const ACCESS_TOKEN_SECONDS = 90;

const { values } = parseArgs({ options: { port: { type: "string", default: "4000" } } });
const provider = await startOpenIdProvider({
  port: Number(values.port),
  accessTokenSeconds: ACCESS_TOKEN_SECONDS,
  onTokenRequest: ({ at, grant_type, status }) => console.log(`${at}  ${grant_type}  ${status}`),
}).catch((error: Error) => {
  console.error(`The provider could not start: ${error.message}`);
  process.exit(1);
});
console.log(`
An OpenID provider is running.

  Address    ${provider.issuer}
  Sign in    with any name and any password

Each token request is a line here.
`);

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => void provider.close().then(() => process.exit(0)));
}
