import { accessProblems } from "./problems/access.ts";
import { buildProblems } from "./problems/build.ts";
import { cliProblems } from "./problems/cli.ts";
import { contentProblems } from "./problems/content.ts";
import { drivesProblems } from "./problems/drives.ts";
import { hostProblems } from "./problems/host.ts";
import { imagesProblems } from "./problems/images.ts";
import { manifestProblems } from "./problems/manifest.ts";
import { networkProblems } from "./problems/network.ts";
import { playgroundProblems } from "./problems/playground.ts";
import { provisioningProblems } from "./problems/provisioning.ts";
import { serverProblems } from "./problems/server.ts";
import type { ProblemOwner, ProblemSpec } from "./problems/spec.ts";
import { startProblems } from "./problems/start.ts";
import { vmProblems } from "./problems/vm.ts";

/** Every failure a user can meet, by room. Adding one adds it to the API, the CLI and docs/reference/problems.md. */
export const problems = {
  ...manifestProblems,
  ...startProblems,
  ...imagesProblems,
  ...buildProblems,
  ...drivesProblems,
  ...networkProblems,
  ...vmProblems,
  ...provisioningProblems,
  ...accessProblems,
  ...playgroundProblems,
  ...contentProblems,
  ...serverProblems,
  ...cliProblems,
  ...hostProblems,
};

export type ProblemCode = keyof typeof problems;

/** Where it happened; whatever is known. */
export interface ProblemPlace {
  machine?: string;
  /** Boot step or operation, e.g. "image", "network", "kernel", "channel". */
  step?: string;
  /** Path inside a document, e.g. playground.machines[0].drives[1].size */
  path?: string;
  line?: number;
  column?: number;
}

export interface ProblemInit {
  /** One readable line with the offending values; defaults to the catalogue's title. */
  message?: string;
  hint?: string;
  where?: ProblemPlace;
  /** Further lines or findings, e.g. the last console lines. Shown to the owner; never holds secrets. */
  details?: readonly unknown[];
  cause?: unknown;
}

/** The JSON form on the wire. `error` alone must make sense: the official client prints the raw body. */
export interface ProblemJson {
  error: string;
  code: ProblemCode;
  owner: ProblemOwner;
  hint?: string;
  where?: ProblemPlace;
  details?: readonly unknown[];
}

export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: ProblemCode;
  readonly hint: string | undefined;
  readonly where: ProblemPlace | undefined;
  readonly details: readonly unknown[];

  constructor(code: ProblemCode, init: ProblemInit = {}) {
    const spec: ProblemSpec = problems[code];
    super(init.message ?? spec.title, { cause: init.cause });
    this.code = code;
    this.hint = init.hint ?? spec.hint;
    this.where = init.where;
    this.details = init.details ?? [];
  }

  get spec(): ProblemSpec {
    return problems[this.code];
  }

  toJSON(): ProblemJson {
    return {
      error: this.message,
      code: this.code,
      owner: this.spec.owner,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.where === undefined ? {} : { where: this.where }),
      ...(this.details.length === 0 ? {} : { details: this.details }),
    };
  }

  /** Brings a problem that travelled as JSON (from a runner or a server) back into our vocabulary. */
  static fromJSON(json: ProblemJson): Problem {
    const code = Object.hasOwn(problems, json.code) ? json.code : "server/internal";
    return new Problem(code, {
      message: json.error,
      ...(json.hint === undefined ? {} : { hint: json.hint }),
      ...(json.where === undefined ? {} : { where: json.where }),
      ...(json.details === undefined ? {} : { details: json.details }),
    });
  }

  /** The one door through which foreign errors enter our vocabulary. */
  static from(error: unknown): Problem {
    if (error instanceof Problem) return error;
    if (error instanceof Error && "code" in error && error.code === "ENOSPC") {
      return new Problem("host/disk-full", { cause: error });
    }
    return new Problem("server/internal", { cause: error });
  }
}
