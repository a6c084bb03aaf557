import type { Command } from "@commander-js/extra-typings";
import { createLog } from "../lib/log.ts";
import type { CliContext } from "./context.ts";

export function registerServe(program: Command, context: CliContext): void {
  program
    .command("serve")
    .description("Run the server of this home: API, web UI, plays")
    .option("-p, --port <port>", "port to listen on (default: from the configuration, else 8765)", Number)
    .option("--log-level <level>", "trace, debug, info, warn or error (default: from the configuration)")
    .action(async options => {
      const { readConfig } = await import("../server/config.ts");
      const { serve } = await import("../server/serve.ts");
      const { LocalPlays } = await import("../playground/local-plays.ts");
      const { hostFacts } = await import("../playground/host-facts.ts");
      const fromFile = await readConfig(context.paths);
      const config =
        options.port === undefined ? fromFile : { ...fromFile, listen: { ...fromFile.listen, port: options.port } };
      const log = createLog("server", options.logLevel ?? config.log.level);
      const plays = new LocalPlays({
        paths: context.paths,
        log,
        hostFacts: () => hostFacts(context.paths, { ...config, imageAliases: config.images.aliases }, context.signal),
      });
      try {
        await using server = await serve({ paths: context.paths, config, log, plays, env: context.env });
        context.stdout.write(`Labyard serves ${server.url} (Ctrl-C ends it; plays go on running)\n`);
        if (server.tlsUrl !== undefined) {
          context.stdout.write(`and ${server.tlsUrl} with TLS ('labyard tls trust' tells how to trust it)\n`);
        }
        context.stdout.write(`Log in once with ${server.loginUrl}\n`);
        await new Promise<void>(resolve => context.signal.addEventListener("abort", () => resolve(), { once: true }));
      } finally {
        await plays.close();
      }
    });
}
