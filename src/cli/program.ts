import { Command } from "@commander-js/extra-typings";
import { installedVersion } from "../host/installed-version.ts";
import type { CliContext } from "./context.ts";

type Register = (program: Command, context: CliContext) => void;

/** The commands by their names, in the order in which they are listed. */
const commands: Readonly<Record<string, () => Promise<Register>>> = {
  serve: async () => (await import("./serve.ts")).registerServe,
  setup: async () => (await import("./setup.ts")).registerSetup,
  doctor: async () => (await import("./doctor.ts")).registerDoctor,
  "login-url": async () => (await import("./login-url.ts")).registerLoginUrl,
  account: async () => (await import("./account.ts")).registerAccount,
  token: async () => (await import("./token.ts")).registerToken,
  user: async () => (await import("./user.ts")).registerUser,
  group: async () => (await import("./group.ts")).registerGroup,
  manifest: async () => (await import("./manifest.ts")).registerManifest,
  image: async () => (await import("./image.ts")).registerImage,
  kernel: async () => (await import("./kernel.ts")).registerKernel,
  playground: async () => (await import("./playground.ts")).registerPlayground,
  rootfs: async () => (await import("./rootfs.ts")).registerRootfs,
  ssh: async () => (await import("./ssh.ts")).registerSsh,
  expose: async () => (await import("./expose.ts")).registerExpose,
  cp: async () => (await import("./cp.ts")).registerCp,
  "port-forward": async () => (await import("./port-forward.ts")).registerPortForward,
  "ssh-proxy": async () => (await import("./ssh-proxy.ts")).registerSshProxy,
  tls: async () => (await import("./tls.ts")).registerTls,
  prepare: async () => (await import("./prepare.ts")).registerPrepare,
};

/**
 * The command line: with one command where `name` is that of one, else with all of them, as for help and aliases. Each
 * command lives in its own file and imports its machinery only when it runs: most of the time of a short one is loading.
 */
export async function createProgram(context: CliContext, name?: string): Promise<Command> {
  const program = new Command(context.programName)
    .description("Turns one YAML playground manifest into running microVMs.")
    .version(installedVersion(), "--version", "print the version of Labyard")
    .showHelpAfterError("(add --help for the options)")
    .exitOverride()
    .configureOutput({
      writeOut: text => context.stdout.write(text),
      writeErr: text => context.stderr.write(text),
    })
    .enablePositionalOptions();
  const isOne = name === "--version" || (name !== undefined && Object.hasOwn(commands, name));
  const wanted = Object.entries(commands).filter(([each]) => !isOne || each === name);
  for (const register of await Promise.all(wanted.map(([, load]) => load()))) register(program, context);
  return program;
}
