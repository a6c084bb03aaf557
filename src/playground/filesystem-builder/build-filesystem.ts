import { createFormatted } from "../../drives/format.ts";
import type { BuildFilesystem } from "../../images/filesystem-builder.ts";
import type { Paths } from "../../store/paths.ts";
import { copyFilesystem } from "./copy-filesystem.ts";

/** Makes drives of any filesystem: formatted here, as that needs no mount, and filled by a machine. */
export function filesystemBuilder(paths: Paths): BuildFilesystem {
  return async ({ source, target, keepLostAndFound, signal, onProgress, ...format }) => {
    const { filesystem } = format;
    const abort = signal ?? new AbortController().signal;
    await createFormatted(target, { ...format, signal: abort });
    await copyFilesystem({
      paths,
      source: { path: source, filesystem: "ext4" },
      target: { path: target, filesystem },
      keepLostAndFound,
      signal: abort,
      ...(onProgress === undefined ? {} : { onProgress }),
    });
  };
}
