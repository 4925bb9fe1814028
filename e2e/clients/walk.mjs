// How a program here talks with the test that started it, in lines of JSON: it hears
// how it is configured, says where the person's browser goes, hears where that came
// home to, and says what the library made of it.
import { createInterface } from "node:readline";

/**
 * Runs a walk and says its result.
 *
 * @param {(config: object, send: (to: URL | string) => Promise<URL>) => Promise<object>} walk
 *   gets the configuration and a function that sends the person's browser to the
 *   gateway, and gives back where it came home to.
 */
export async function run(walk) {
  const input = createInterface({ input: process.stdin });
  const lines = input[Symbol.asyncIterator]();
  const hear = async () => JSON.parse((await lines.next()).value);
  const say = (what) => console.log(JSON.stringify(what));
  try {
    const result = await walk(await hear(), async (to) => {
      say({ to });
      return new URL(await hear());
    });
    say({ result });
  } catch (fault) {
    say({ fault: inWords(fault) });
  }
  process.stdin.destroy();
}

/** Says what failed: with the gateway's own word as error, where the library tells it. */
function inWords(fault) {
  const challenge = Array.isArray(fault.cause) ? fault.cause[0]?.parameters : undefined;
  return {
    message: fault.stack ?? String(fault),
    status: fault.status ?? fault.output?.statusCode,
    error: fault.error ?? challenge?.error ?? fault.data?.payload?.error,
    cause: fault.cause instanceof Error ? inWords(fault.cause) : undefined,
  };
}

/**
 * Reads the proved data with an access token and without a library.
 *
 * @returns {Promise<object>}
 */
export async function info(issuer, token) {
  const answer = await fetch(new URL("/info", issuer), { headers: { Authorization: `Bearer ${token}` } });
  const body = await answer.json();
  if (!answer.ok) {
    throw Object.assign(new Error(body.error_description), { status: answer.status, error: body.error });
  }
  return body;
}

/** Returns what an attempt fails with; throws if it does not fail. */
export async function failure(attempt) {
  try {
    await attempt;
  } catch (fault) {
    return inWords(fault);
  }
  throw new Error("it did not fail");
}
