import { Option } from "@commander-js/extra-typings";
import type { BuildContext } from "../build/run-build.ts";
import type { CliContext } from "./context.ts";

export function allowHostVolumes() {
  return new Option("--allow-host-volumes", "let container.volumes mean paths of this host");
}

export function buildContext(context: CliContext, allowed: true | undefined): BuildContext {
  const { paths, env, signal } = context;
  return { paths, env, signal, uid: process.getuid?.() ?? 0, allowHostVolumes: allowed ?? false };
}
