import { type Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { formatBytes } from "./bytes.ts";
import type { CliContext } from "./context.ts";
import { imageAccess } from "./image-access.ts";
import { endImageProgress, showImageProgress } from "./image-progress.ts";

export function registerImageBuild(image: Command, context: CliContext): void {
  image
    .command("build")
    .argument("<directory>", "build context, a directory")
    .description("Build a Dockerfile into the cache with a container engine of this host")
    .requiredOption("-t, --tag <reference>", "what to call the image, as oci://host/repository:tag")
    .option("-f, --file <dockerfile>", "Dockerfile to use instead of DIRECTORY/Dockerfile, here or in DIRECTORY")
    .option(
      "--build-arg <name=value>",
      "set a build argument; a name alone takes its value from the environment (repeatable)",
      buildArgument,
    )
    .option("--push", "send the image to its registry too")
    .addOption(
      new Option("--engine <name>", "engine to build with (default: the first that works)").choices([
        "buildah",
        "podman",
        "docker",
      ] as const),
    )
    .action(async (directory, options) => {
      const { buildImage } = await import("../images/dockerfile/build-image.ts");
      const { parseGivenName } = await import("../images/name-image.ts");
      const { registries } = await imageAccess(context);
      const built = await buildImage({
        paths: context.paths,
        directory,
        dockerfile: options.file,
        reference: parseGivenName(options.tag),
        buildArguments: options.buildArg ?? [],
        engine: options.engine,
        push: options.push === true,
        registries,
        env: context.env,
        onLine: line => {
          endImageProgress(context);
          context.stderr.write(`${line}\n`);
        },
        // In a file or a journal the failure is looked for alone, without what came before it.
        areLinesShown: context.stderr.isTTY,
        onProgress: showImageProgress(context),
        signal: context.signal,
      });
      const bytes = built.layers.reduce((total, layer) => total + layer.sizeBytes, 0);
      endImageProgress(context);
      context.stdout.write(`${built.digest}  ${formatBytes(bytes)}  oci://${built.name}\n`);
    });
}

function buildArgument(text: string, before: string[] = []): string[] {
  if (!/^[A-Za-z_]\w*(=|$)/.test(text)) throw new InvalidArgumentError("Write NAME=VALUE, or NAME.");
  return [...before, text];
}
