// Compiled and never run: each of these is a mistake that the types have to find.
// One that they let through fails the build.
import { bearer, good, vouchgate } from "vouchgate";

export async function mistakes(): Promise<void> {
  const gateway = vouchgate("https://gate.example");

  // @ts-expect-error a path that is not in the contract
  await gateway.GET("/information");
  // @ts-expect-error a verb that the path does not have
  await gateway.POST("/info");
  // @ts-expect-error a parameter that is missing
  await gateway.POST("/setup/{client_id}", { headers: bearer("secret") });
  // @ts-expect-error a member of the form with a value of the wrong type
  await gateway.POST("/token", { body: { grant_type: "authorization_code", code: 7 } });

  const token = good(await gateway.POST("/token", { body: { grant_type: "authorization_code", code: "code" } }));
  // @ts-expect-error a member that the answer does not have
  token.access_tokens;
  // @ts-expect-error a state that no session has
  good(await gateway.GET("/session/{id}/status", { params: { path: { id: "id" } } })).status === "proved";
}
