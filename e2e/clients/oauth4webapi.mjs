// oauth4webapi: plain OAuth 2.0 by the metadata of RFC 8414, step by step, without
// OpenID Connect.
import * as oauth from "oauth4webapi";

import { failure, run } from "./walk.mjs";

await run(async (config, send) => {
  const insecure = { [oauth.allowInsecureRequests]: true };
  const issuer = new URL(config.issuer);
  const found = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...insecure });
  const gateway = await oauth.processDiscoveryResponse(issuer, found);
  const client = { client_id: config.id };
  const authentication = oauth.ClientSecretBasic(config.secret);

  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const to = new URL(gateway.authorization_endpoint);
  to.search = new URLSearchParams({
    response_type: "code",
    client_id: config.id,
    redirect_uri: config.redirect_uri,
    scope: config.scope,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  const home = oauth.validateAuthResponse(gateway, client, await send(to), state);

  const redeemed = await oauth.authorizationCodeGrantRequest(
    gateway, client, authentication, home, config.redirect_uri, verifier, insecure,
  );
  const first = await oauth.processAuthorizationCodeResponse(gateway, client, redeemed);

  const read = async (token) => {
    const answer = await oauth.protectedResourceRequest(token, "GET", new URL("/info", issuer), undefined, undefined, insecure);
    return answer.json();
  };
  const info = await read(first.access_token);

  const refreshed = await oauth.refreshTokenGrantRequest(gateway, client, authentication, first.refresh_token, insecure);
  const second = await oauth.processRefreshTokenResponse(gateway, client, refreshed);
  const again = await read(second.access_token);

  const active = async () => {
    const answer = await oauth.introspectionRequest(gateway, client, authentication, second.access_token, insecure);
    return (await oauth.processIntrospectionResponse(gateway, client, answer)).active;
  };
  const before = await active();
  const revoked = await oauth.revocationRequest(gateway, client, authentication, second.refresh_token, insecure);
  await oauth.processRevocationResponse(revoked);
  const refused = await failure(read(second.access_token));
  const late = await oauth.refreshTokenGrantRequest(gateway, client, authentication, second.refresh_token, insecure);
  const spent = await failure(oauth.processRefreshTokenResponse(gateway, client, late));

  return { first, second, info: [info, again], active: [before, await active()], refused, spent };
});
