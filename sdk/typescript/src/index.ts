/**
 * A typed client of a vouchgate gateway: openapi-fetch with the types of the
 * contract, and what OAuth (RFC 6749) does unlike a JSON API: forms, two ways to
 * authenticate, and errors of one shape.
 */
import createClient, { type Client, type ClientOptions } from "openapi-fetch";

import type { components, paths } from "./contract.gen.js";

export type { components, operations, paths, webhooks } from "./contract.gen.js";

/** A gateway: one method per HTTP verb, with the contract's paths as first argument. */
export type Gateway = Client<paths, "application/json">;

/**
 * Returns a client of the gateway at a URL. Bodies are sent as forms, and JSON is
 * asked for where a person would get a page. Redirects are handed to the caller, in
 * `response`, and not followed: their `Location` is for a person's browser.
 */
export function vouchgate(url: string, options: Omit<ClientOptions, "baseUrl" | "headers"> = {}): Gateway {
  return createClient<paths, "application/json">({
    baseUrl: url,
    redirect: "manual",
    bodySerializer: form,
    // No type of its own: then fetch sends that of a form.
    headers: { Accept: "application/json", "Content-Type": null },
    ...options,
  });
}

/** The headers with which a client's id and secret are sent (RFC 6749, section 2.3.1). */
export function basic(clientID: string, secret: string): { Authorization: string } {
  return { Authorization: `Basic ${btoa(`${encode(clientID)}:${encode(secret)}`)}` };
}

/** The headers with which an access token is sent (RFC 6750), and the client's secret to `/setup`. */
export function bearer(token: string): { Authorization: string } {
  return { Authorization: `Bearer ${token}` };
}

/** What the gateway says when it does not do what it was asked to do. */
export class Refusal extends Error {
  override readonly name = "Refusal";

  /**
   * @param status of the answer
   * @param code a word for programs, such as `invalid_grant`; empty for an answer that is not the gateway's
   * @param description a sentence for developers
   */
  constructor(readonly status: number, readonly code: string, readonly description: string) {
    super(`${status} ${code}: ${description}`);
  }
}

/** Returns the data of an answer, and throws a {@link Refusal} for one that has none. */
export function good<T>(answer: { data?: T; error?: unknown; response: Response }): NonNullable<T> {
  if (answer.data !== undefined && answer.data !== null) {
    return answer.data;
  }
  const said = (typeof answer.error === "object" ? answer.error : null) as Partial<components["schemas"]["Error"]> | null;
  throw new Refusal(answer.response.status, said?.error ?? "", said?.error_description ?? "");
}

function encode(text: string): string {
  return new URLSearchParams([["", text]]).toString().slice(1);
}

/** Members without a value are left out, lists are sent one by one. */
function form(body: unknown): URLSearchParams {
  const pairs = Object.entries(body as Record<string, unknown>)
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((one) => [name, one]))
    .filter(([, value]) => value !== undefined && value !== null);
  return new URLSearchParams(pairs.map(([name, value]) => [String(name), String(value)]));
}
