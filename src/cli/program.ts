import { Command } from "@commander-js/extra-typings";
import type { CliContext } from "./context.ts";
import { registerAccount } from "./account.ts";
import { registerCp } from "./cp.ts";
import { registerDoctor } from "./doctor.ts";
import { registerGroup } from "./group.ts";
import { registerExpose } from "./expose.ts";
import { registerImage } from "./image.ts";
import { registerKernel } from "./kernel.ts";
import { registerLoginUrl } from "./login-url.ts";
import { registerManifest } from "./manifest.ts";
import { registerPortForward } from "./port-forward.ts";
import { registerPlayground } from "./playground.ts";
import { registerPrepare } from "./prepare.ts";
import { registerRootfs } from "./rootfs.ts";
import { registerServe } from "./serve.ts";
import { registerSetup } from "./setup.ts";
import { registerSshProxy } from "./ssh-proxy.ts";
import { registerSsh } from "./ssh.ts";
import { registerToken } from "./token.ts";
import { registerUser } from "./user.ts";
import { registerTls } from "./tls.ts";

/** The whole command line. Each command lives in its own file and imports its machinery only when it runs. */
export function createProgram(context: CliContext): Command {
  const program = new Command(context.programName)
    .description("Turns one YAML playground manifest into running microVMs.")
    .showHelpAfterError("(add --help for the options)")
    .exitOverride()
    .configureOutput({
      writeOut: text => context.stdout.write(text),
      writeErr: text => context.stderr.write(text),
    })
    .enablePositionalOptions();
  for (const register of [
    registerServe,
    registerSetup,
    registerDoctor,
    registerLoginUrl,
    registerAccount,
    registerToken,
    registerUser,
    registerGroup,
    registerManifest,
    registerImage,
    registerKernel,
    registerPlayground,
    registerRootfs,
    registerSsh,
    registerExpose,
    registerCp,
    registerPortForward,
    registerSshProxy,
    registerTls,
    registerPrepare,
  ]) {
    register(program, context);
  }
  return program;
}
