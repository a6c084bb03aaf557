import type { ProblemTable } from "./spec.ts";

export const imagesProblems = {
  "image/bad-reference": {
    owner: "author",
    status: 422,
    title: "The image reference cannot be read",
    hint: "Write oci://host/repository:tag or oci://host/repository@sha256:<64 hex digits>.",
  },
  "image/denied-or-missing": {
    owner: "author",
    status: 422,
    title: "The image does not exist, or this host may not read it",
    hint: "Check the spelling and the tag; for a private image, store credentials for its registry first.",
  },
  "image/registry-unreachable": {
    owner: "operator",
    status: 503,
    title: "The registry cannot be reached",
    hint: "Check the host name, the network and the proxy settings, then try again.",
  },
  "image/registry-failed": { owner: "operator", status: 502, title: "The registry did not behave as a registry" },
  "image/rate-limited": {
    owner: "operator",
    status: 503,
    title: "The registry limits how much this host may pull",
    hint: "Wait, or store credentials for this registry.",
  },
  "image/credentials-unusable": {
    owner: "operator",
    status: 500,
    title: "The stored credentials of a registry cannot be used",
    hint: "Log in again with 'docker login' or 'podman login', or repair the file.",
  },
  "image/hub-not-allowed": {
    owner: "operator",
    status: 422,
    title: "Docker Hub is not a source of drives on this host",
    hint: "Push the image to another registry, or set images.dockerHub to true in config.yaml.",
  },
  "image/source-unreadable": {
    owner: "user",
    status: 422,
    title: "The directory or archive does not hold an image that can be read",
    hint: "Give an OCI layout directory, or an archive made by 'docker save', 'podman save' or 'skopeo copy'.",
  },
  "image/in-use": { owner: "user", status: 409, title: "The image cache is in use" },
  "image/no-engine": {
    owner: "operator",
    status: 501,
    title: "No container engine can do this on this host",
    hint: "Install buildah: apt-get install buildah.",
  },
  "image/damaged": {
    owner: "operator",
    status: 502,
    title: "What arrived is not what the image promised",
    hint: "Nothing was kept. Pull again; if it stays, the image or a proxy on the way is broken.",
  },
  "image/wrong-platform": {
    owner: "author",
    status: 422,
    title: "The image is not built for linux/amd64",
    hint: "Build it with --platform linux/amd64.",
  },
  "image/unsupported": { owner: "author", status: 422, title: "This kind of image cannot become a drive" },
  "image/bad-layer": { owner: "author", status: 422, title: "A layer of the image is damaged or not allowed" },
  "image/too-large": {
    owner: "author",
    status: 422,
    title: "The image exceeds a limit that protects this host",
  },
  "image/too-big-for-drive": {
    owner: "author",
    status: 422,
    title: "The image does not fit its drive",
    hint: "Give the drive a larger size, or leave the size out: the drive then grows to fit.",
  },
  "image/not-bootable": {
    owner: "author",
    status: 422,
    title: "The image cannot boot as a machine",
    hint: "Start from a rootfs image such as debian-12, or add an init system, sshd and the users to the image.",
  },
  "image/unsupported-filesystem": {
    owner: "author",
    status: 422,
    title: "An image cannot be written to this filesystem",
    hint: "Use ext4, or a larger drive.",
  },
  "image/filesystem-failed": { owner: "operator", status: 500, title: "A drive could not be filled with its image" },
  "image/build-failed": { owner: "operator", status: 500, title: "An image could not be built" },
  "machine/user-not-in-image": {
    owner: "author",
    status: 422,
    title: "A user of the machine does not exist in its image",
    hint: "List users that the image has, or create the user in the image.",
  },
} as const satisfies ProblemTable;
