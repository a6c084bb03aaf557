import type { ProblemOwner } from "./spec.ts";

export interface NoticeSpec {
  /** Who can change it; nobody has to. */
  owner: ProblemOwner;
  title: string;
  hint: string;
}

/** What a person should know although nothing failed: notes of a play, warnings of a start, findings about an image. */
export const notices = {
  "resources/scaled-down": {
    owner: "operator",
    title: "A machine gets less than its manifest asks for",
    hint: "The limits are limits.machine and limits.play in config.yaml.",
  },
  "resources/host-memory-tight": {
    owner: "operator",
    title: "The machines of all active plays may use more memory than the host has",
    hint: "Stop a play that is not needed; with a lower limits.host.memoryMiB in config.yaml such a start is refused.",
  },
  "provisioning/boot-warning": {
    owner: "author",
    title: "A machine has started without something that its manifest says, a drive that cannot be mounted above all",
    hint: "Mend it from inside and start the machine again. A drive may be damaged, or have another filesystem than its manifest says.",
  },
  "vm/backend-substituted": {
    owner: "operator",
    title: "A machine runs on another engine than its manifest asks for",
    hint: "The machine works; what only the other engine can do is missing.",
  },
  "image/stale-tag": {
    owner: "operator",
    title: "The registry does not answer, so the image fetched earlier is used",
    hint: "Start again when the registry can be reached, or pin the image by digest.",
  },
  "image/layer-warning": {
    owner: "author",
    title: "Something in a layer of an image was dropped or tolerated",
    hint: "The message names the entry; build the image without it.",
  },
} as const satisfies Record<`${string}/${string}`, NoticeSpec>;

export type NoticeCode = keyof typeof notices;

/** A finding about how an image boots: docs/reference/bootability.md lists them. */
export type BootCode = `boot/${string}`;
