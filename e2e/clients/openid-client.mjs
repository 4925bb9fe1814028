// openid-client: OpenID Connect by discovery alone, with every way to authenticate
// that it and the gateway have in common.
import * as client from "openid-client";

import { failure, info, run } from "./walk.mjs";

async function authentication({ auth, secret, jwk }) {
  switch (auth) {
    case "private_key_jwt": {
      const key = await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
      return client.PrivateKeyJwt({ key, kid: jwk.kid });
    }
    case "client_secret_basic":
      return client.ClientSecretBasic(secret);
    case "client_secret_post":
      return client.ClientSecretPost(secret);
    default:
      return client.None();
  }
}

await run(async (config, send) => {
  const options = { execute: [client.allowInsecureRequests] };
  const gateway = await client.discovery(new URL(config.issuer), config.id, {}, await authentication(config), options);
  client.enableNonRepudiationChecks(gateway); // looks at the signature of id_tokens too

  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
    idTokenExpected: true,
  };
  const request = {
    redirect_uri: config.redirect_uri,
    scope: config.scope,
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: "S256",
  };
  const start = config.par ? client.buildAuthorizationUrlWithPAR : client.buildAuthorizationUrl;
  const home = await send(await start(gateway, request));

  const first = await client.authorizationCodeGrant(gateway, home, checks);
  const { sub } = first.claims();
  const userinfo = await client.fetchUserInfo(gateway, first.access_token, sub);

  const second = await client.refreshTokenGrant(gateway, first.refresh_token);
  const again = await client.fetchUserInfo(gateway, second.access_token, sub);
  const proved = await info(config.issuer, second.access_token);

  // A public client may not ask about tokens (RFC 7662, section 2.1).
  const active = async () => config.auth !== "none" && (await client.tokenIntrospection(gateway, second.access_token)).active;
  const before = await active();
  await client.tokenRevocation(gateway, second.refresh_token, { token_type_hint: "refresh_token" });
  const refused = await failure(client.fetchUserInfo(gateway, second.access_token, sub));
  const spent = await failure(client.refreshTokenGrant(gateway, second.refresh_token));

  return {
    first: { ...first, claims: first.claims() },
    second: { ...second, claims: second.claims() },
    userinfo: [userinfo, again], info: [proved], active: [before, await active()], refused, spent,
  };
});
