// simple-oauth2: a token URL and nothing else. No discovery, no PKCE, no iss.
import { AuthorizationCode } from "simple-oauth2";

import { failure, info, run } from "./walk.mjs";

await run(async (config, send) => {
  const client = new AuthorizationCode({
    client: { id: config.id, secret: config.secret },
    auth: { tokenHost: config.issuer, tokenPath: "/token", revokePath: "/revoke", authorizePath: "/authorize" },
    options: { authorizationMethod: config.auth === "client_secret_post" ? "body" : "header" },
  });
  const state = "my state";
  const { redirect_uri, scope } = config;
  const home = (await send(client.authorizeURL({ redirect_uri, scope, state }))).searchParams;
  if (home.get("state") !== state) {
    throw new Error(`came home with ${home}`);
  }

  const first = await client.getToken({ code: home.get("code"), redirect_uri });
  const before = await info(config.issuer, first.token.access_token);
  const second = await first.refresh();
  const after = await info(config.issuer, second.token.access_token);
  // The answer has no body (RFC 7009, section 2.2), and the library insists on JSON
  // unless it is told not to.
  await second.revokeAll({ json: true });
  const refused = await failure(info(config.issuer, second.token.access_token));
  const spent = await failure(second.refresh());

  return { first: first.token, second: second.token, info: [before, after], refused, spent };
});
