// An app that lives in the browser alone, with oidc-client-ts: a public client on
// an origin of its own. The heading says what was done, the output what came of it.
const settings = await (await fetch("/settings.json")).json();

const manager = new oidc.UserManager({
  ...settings,
  redirect_uri: `${location.origin}/callback`,
  userStore: new oidc.WebStorageStateStore({ store: sessionStorage }),
  revokeTokenTypes: ["access_token", "refresh_token"],
  automaticSilentRenew: false,
  loadUserInfo: true,
});

let user; // as known last, revoked tokens included

async function read() {
  const answer = await fetch(`${settings.authority}/info`, { headers: { Authorization: `Bearer ${user.access_token}` } });
  return { status: answer.status, challenge: answer.headers.get("WWW-Authenticate"), body: await answer.json() };
}

const deeds = {
  "sign-in": () => manager.signinRedirect(),
  read,
  refresh: async () => (user = await manager.signinSilent()),
  revoke: () => manager.revokeTokens(),
};

async function show(name, deed) {
  const heading = document.querySelector("h1");
  const output = document.querySelector("output");
  heading.textContent = "Busy";
  try {
    output.value = JSON.stringify((await deed()) ?? null);
    heading.textContent = `Done: ${name}`;
  } catch (fault) {
    output.value = JSON.stringify(String(fault));
    heading.textContent = `Failed: ${name}`;
  }
}

for (const [name, deed] of Object.entries(deeds)) {
  document.getElementById(name).onclick = () => show(name, deed);
}
if (location.pathname === "/callback") {
  await show("come home", async () => (user = await manager.signinRedirectCallback()));
} else {
  await show("load", () => null);
}
