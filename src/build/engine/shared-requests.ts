import type { Readable } from "node:stream";
import { Problem } from "../../api/problems.ts";
import type { EngineImage, ImageName } from "./engine.ts";
import { type EngineHttp, readText } from "./engine-http.ts";

/** The image as the engine has it, asked alike of both below `prefix`; undefined: not there, or for another platform. */
export async function findImage(
  http: EngineHttp,
  prefix: string,
  image: ImageName,
  signal: AbortSignal,
): Promise<EngineImage | undefined> {
  const path = `${prefix}/images/${encodeURIComponent(image.reference)}/json`;
  const answer = await http.ask({ method: "GET", path, signal });
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw http.refused({ method: "GET", path }, answer);
  const found = JSON.parse(answer.text) as Record<string, string> & { Size?: unknown };
  if (!fitsPlatform(image.platform, found.Os, found.Architecture, found.Variant)) return undefined;
  return { id: found.Id as string, createdSeconds: secondsOf(found.Created), sizeBytes: sizeOf(found.Size) };
}

/** The files of a container as a tar archive, asked alike of both engines below `prefix`. */
export async function exportContainer(
  http: EngineHttp,
  prefix: string,
  containerId: string,
  signal: AbortSignal,
): Promise<Readable> {
  const request = { method: "GET", path: `${prefix}/containers/${containerId}/export` } as const;
  const message = await http.open({ ...request, signal, timeoutMs: 0 });
  if (message.statusCode === 200) return message;
  throw http.refused(request, { status: message.statusCode ?? 0, text: await readText(message) });
}

export function pullFailure(image: ImageName, words: string): Problem {
  const platform = image.platform === undefined ? "" : ` for ${image.platform}`;
  return new Problem("build/pull-failed", { message: `${image.reference}${platform} cannot be pulled: ${words}` });
}

/** True when nothing was asked for, or the engine's image is what was asked for. */
function fitsPlatform(platform: string | undefined, os?: string, architecture?: string, variant?: string): boolean {
  if (platform === undefined) return true;
  const [wantedOs, wantedArchitecture, wantedVariant] = platform.split("/");
  return (
    wantedOs === os && wantedArchitecture === architecture && (wantedVariant === undefined || wantedVariant === variant)
  );
}

function sizeOf(size: unknown): number | undefined {
  return typeof size === "number" && size > 0 ? size : undefined;
}

function secondsOf(time: string | undefined): number | undefined {
  const milliseconds = time === undefined ? Number.NaN : Date.parse(time);
  // Images without a time of their own carry zero or the year 1.
  return milliseconds > 0 ? Math.floor(milliseconds / 1000) : undefined;
}
