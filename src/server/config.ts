import { readFile } from "node:fs/promises";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { longestPlayTimeMinutes } from "../api/contract/actions.ts";
import { Problem } from "../api/problems.ts";
import type { Paths } from "../store/paths.ts";
import { configFile } from "../store/paths.ts";
import { imagesSchema } from "./images-config.ts";
import { loginSchema } from "./login/login-config.ts";
import { registrySchema } from "./registry-config.ts";

// Far above what makes sense, and low enough that no sum, date or number of bytes made of them is out of range.
const positive = z.int().min(1);
const count = positive.max(1_000_000);
const days = positive.max(3650);
const memory = positive.max(16 * 1024 * 1024);
const budget = (vcpus: number, memoryMiB: number) =>
  z
    .strictObject({ vcpus: positive.max(65_536).default(vcpus), memoryMiB: memory.min(128).default(memoryMiB) })
    .prefault({});

/** TLS beside plain HTTP. Absent: on port 8443, or another one when that is taken. */
const tlsSchema = z
  .strictObject({
    /** 0 takes any free port. */
    port: z.int().min(0).max(65535).default(8443),
    /** Default: where plain HTTP listens. */
    host: z.string().min(1).optional(),
    /** A certificate of your own, PEM, with its chain. Read again when it changes. */
    certificateFile: z.string().min(1).optional(),
    keyFile: z.string().min(1).optional(),
    /** Further names this server answers to; they also go into a certificate that it makes. */
    names: z.array(z.string().regex(/^[a-z0-9.*:-]+$/, "must be a name or an address in lower case")).default([]),
  })
  .refine(tls => (tls.certificateFile === undefined) === (tls.keyFile === undefined), {
    message: "certificateFile and keyFile are given together",
  });

export type TlsConfig = z.infer<typeof tlsSchema>;

/** Everything an operator can set in config.yaml, with its default. */
const configSchema = z.strictObject({
  listen: z
    .strictObject({
      /** Anything but loopback opens the server to others: read docs/security.md first. */
      host: z.string().min(1).default("127.0.0.1"),
      /** 0 takes any free port. */
      port: z.int().min(0).max(65535).default(8765),
      /** false: none, because a reverse proxy does it. */
      tls: tlsSchema.or(z.literal(false)).optional(),
    })
    .prefault({}),
  /** The address people type, when a reverse proxy stands in front. */
  publicUrl: z
    .url({ protocol: /^https?$/ })
    .transform(url => url.replace(/\/+$/, ""))
    .optional(),
  /** Exposed ports get host names below it. A public server needs a domain of its own here, not the app's. */
  portsDomain: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, "must be a domain name in lower case")
    .default("localhost"),
  limits: z
    .strictObject({
      machine: budget(4, 10 * 1024),
      play: budget(10, 16 * 1024),
      /** All active plays of one person. */
      user: budget(40, 64 * 1024),
      /** All active plays of everybody. Default: twice the memory of the host, as guests rarely touch all of theirs. */
      host: z.strictObject({ memoryMiB: memory.optional() }).prefault({}),
    })
    .prefault({}),
  plays: z
    .strictObject({
      maxPlayTimeMinutes: positive.max(longestPlayTimeMinutes).default(8 * 60),
      /** A stopped, expired play without persistence is kept this long before it is destroyed. */
      keepExpiredDays: days.default(7),
      /** Active plays of one person. */
      maxActivePerUser: count.default(20),
    })
    .prefault({}),
  /** Files that accompany a playground (update --dir). */
  content: z
    .strictObject({
      fileMiB: positive.max(10 * 1024).default(20),
      playgroundMiB: positive.max(100 * 1024).default(200),
    })
    .prefault({}),
  sessions: z
    .strictObject({
      /** Browsers keep no cookie for longer than 400 days. */
      browserDays: positive.max(400).default(30),
      clientDays: days.default(365),
      loginCodeMinutes: positive.max(7 * 24 * 60).default(15),
    })
    .prefault({}),
  /** "authenticated": strangers see nothing, whatever access lists say. */
  anyoneMeans: z.enum(["anyone", "authenticated"]).default("anyone"),
  images: imagesSchema,
  login: loginSchema,
  /** Requests to the API within a minute. Streams, and asking who one is, do not count. */
  rateLimits: z.strictObject({ perMinute: count.default(1200), anonymousPerMinute: count.default(300) }).prefault({}),
  registry: registrySchema,
  log: z
    .strictObject({ level: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("warn") })
    .prefault({}),
});

export type ServerConfig = z.infer<typeof configSchema>;

/** The configuration of this home; an absent file means defaults. Rejects with every problem of the file at once. */
export async function readConfig(paths: Paths): Promise<ServerConfig> {
  const file = configFile(paths);
  let source: string;
  try {
    source = await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") source = "";
    else throw error;
  }
  return parseConfig(source, file);
}

/** See readConfig; `file` only appears in messages. */
export function parseConfig(source: string, file = "config.yaml"): ServerConfig {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines });
  const syntax = document.errors.map(error => ({
    line: error.linePos?.[0].line,
    message: error.message.split("\n")[0],
  }));
  if (syntax.length > 0) throw invalid(file, syntax);
  const result = configSchema.safeParse(document.toJS() ?? {});
  if (result.success) return result.data;
  throw invalid(
    file,
    result.error.issues.map(issue => {
      const node = issue.path.length === 0 ? document.contents : document.getIn(issue.path, true);
      const start = (node as { range?: [number, number, number] } | undefined)?.range?.[0];
      return {
        path: issue.path.join("."),
        ...(start === undefined ? {} : { line: lines.linePos(start).line }),
        message: issue.message,
      };
    }),
  );
}

interface ConfigFinding {
  path?: string;
  line?: number | undefined;
  message: string | undefined;
}

function invalid(file: string, findings: ConfigFinding[]): Problem {
  const [first] = findings;
  const place = [first?.line === undefined ? "" : `line ${first.line}`, first?.path ?? ""].filter(Boolean).join(", ");
  const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : "";
  return new Problem("server/config-invalid", {
    message: `${file}: ${place === "" ? "" : `${place}: `}${first?.message}${more}`,
    details: findings,
  });
}
