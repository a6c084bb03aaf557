import type { RegistryAccess } from "../images/registry/access.ts";
import type { CliContext } from "./context.ts";

/** How this home pulls images: config.yaml, and the logins of the user who runs the command. */
export async function imageAccess(context: CliContext): Promise<{
  registries: RegistryAccess;
  cacheLimitBytes: number | undefined;
  aliases: Readonly<Record<string, string>>;
}> {
  const { readConfig } = await import("../server/config.ts");
  const { registryAccess } = await import("../images/registry/access.ts");
  const { images } = await readConfig(context.paths);
  return {
    registries: registryAccess(images, context.env),
    aliases: images.aliases,
    cacheLimitBytes: images.cacheGiB === undefined ? undefined : images.cacheGiB * 1024 ** 3,
  };
}
