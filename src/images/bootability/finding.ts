import type { BootCode, NoticeCode } from "../../api/problems/notices.ts";
import type { ImageView } from "./image-view.ts";

/** Something about an image that keeps it from booting (error), or makes it a worse machine (warning, info). */
export interface BootFinding {
  code: BootCode | NoticeCode;
  /** "info" also where the platform mends it at each start. */
  severity: "error" | "warning" | "info";
  message: string;
  /** The path in the image that proves it. */
  path: string;
  /** What to change in the image, usually a line of its Dockerfile. */
  fix: string;
}

export type InitKind = "systemd" | "openrc" | "busybox" | "runit" | "s6" | "other";

/** Everything one group of checks has to say about an image. */
export type Check = (image: ImageView, init: InitKind) => Iterable<BootFinding>;
