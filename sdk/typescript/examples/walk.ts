// Walks the main job as a client's server does: a session is made, the person's
// wallet answers, the code is swapped, the data are read. Who starts the program
// plays the wallet. They talk in lines of JSON, on standard input and output.
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";

import { basic, bearer, good, Refusal, vouchgate } from "vouchgate";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const hear = async () => JSON.parse((await lines.next()).value);
const say = (what: unknown) => console.log(JSON.stringify(what));

const { url, id, secret, redirect_uri } = (await hear()) as Record<"url" | "id" | "secret" | "redirect_uri", string>;

const gateway = vouchgate(url);
const made = good(await gateway.POST("/setup/{client_id}", { params: { path: { client_id: id } }, headers: bearer(secret) }));

// What the person's browser does, which is given no page here but JSON.
const visit = {
  params: { path: { nonce: made.nonce }, query: { response_type: "code", client_id: id, redirect_uri, state: "my state" } },
};
const opened = await gateway.GET("/authorize/{nonce}", visit);
const cookie = { Cookie: opened.response.headers.get("Set-Cookie")?.split(";")[0] };
const verification = good(opened);
if (!("verification_id" in verification)) throw new Error("the client proves addresses, not credentials");
say({ verification: verification.verification_id });
await hear(); // that the wallet has answered

// It comes back to the session's page, and is sent home from there.
const next = (answer: { response: Response }) => new URL(answer.response.headers.get("Location") ?? "", url);
const session = next(await gateway.GET("/authorize/{nonce}", { ...visit, headers: { ...cookie, Accept: "text/html" } })).pathname.split("/")[2] ?? "";
const inside = { params: { path: { id: session } }, headers: cookie };
while (good(await gateway.GET("/session/{id}/status", inside)).status !== "verified") {
  await setTimeout(100);
}
const home = next(await gateway.GET("/session/{id}/finish", inside));
const code = home.searchParams.get("code") ?? "";

const token = good(await gateway.POST("/token", { body: { grant_type: "authorization_code", code, redirect_uri }, headers: basic(id, secret) }));
const info = good(await gateway.GET("/info", { headers: bearer(token.access_token) }));
say({ home, token, info });

// A code works once, and the second try ends what the first one gave.
const again = await gateway.POST("/token", { body: { grant_type: "authorization_code", code, redirect_uri }, headers: basic(id, secret) });
try {
  good(again);
} catch (refusal) {
  say(refusal instanceof Refusal ? { status: refusal.status, code: refusal.code } : { failure: String(refusal) });
}
process.stdin.destroy();
