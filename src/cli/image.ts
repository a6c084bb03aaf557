import type { Command } from "@commander-js/extra-typings";
import type { CliContext } from "./context.ts";
import { registerImageBuild } from "./image-build.ts";
import { registerImageCheck } from "./image-check.ts";
import { registerImageDisk } from "./image-disk.ts";
import { registerImageInspect } from "./image-inspect.ts";
import { registerImageList } from "./image-list.ts";
import { registerImagePrune } from "./image-prune.ts";
import { registerImagePull } from "./image-pull.ts";

export function registerImage(program: Command, context: CliContext): void {
  const image = program.command("image").description("Pull, check, build and convert images; look after their cache");
  for (const register of [
    registerImagePull,
    registerImageCheck,
    registerImageBuild,
    registerImageDisk,
    registerImageList,
    registerImageInspect,
    registerImagePrune,
  ]) {
    register(image, context);
  }
}
