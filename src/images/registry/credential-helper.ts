import * as z from "zod";
import { Problem } from "../../api/problems.ts";
import { run } from "../../host/process.ts";
import type { Credentials } from "./token.ts";

const answerSchema = z.object({ Username: z.string(), Secret: z.string() });
const helperTimeoutMs = 30_000;

/**
 * Asks the program docker-credential-<name> for a registry; undefined when it has none. Rejects with
 * `image/credentials-unusable` when the program is missing or fails: pulling without would be another image's denial.
 */
export async function credentialsFromHelper(
  name: string,
  registry: string,
  env: NodeJS.ProcessEnv,
): Promise<Credentials | undefined> {
  const program = `docker-credential-${name}`;
  const fail = (why: string) =>
    new Problem("image/credentials-unusable", { message: `${program} gives no credentials for ${registry}: ${why}` });
  // The name comes from a file and becomes a program to run.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) throw fail("this is not the name of a helper");
  const result = await run([program, "get"], {
    input: registry,
    env,
    allowFailure: true,
    timeoutMs: helperTimeoutMs,
    maxOutputBytes: 1024 * 1024,
  }).catch((error: Error) => {
    throw fail(error.message);
  });
  if (result.exitCode !== 0) {
    const said = `${result.stdout}${result.stderr}`.trim();
    if (/credentials not found/i.test(said)) return undefined;
    throw fail(said.split("\n").at(-1) || `it ended with ${result.signal ?? result.exitCode}`);
  }
  let answer: z.infer<typeof answerSchema>;
  try {
    answer = answerSchema.parse(JSON.parse(result.stdout));
  } catch {
    throw fail("its answer cannot be read");
  }
  const { Username: username, Secret: secret } = answer;
  if (username === "<token>") return { username, password: "", identityToken: secret };
  return { username, password: secret };
}
