import { type CpioEntry, writeCpio } from "../lib/cpio.ts";
import { sha256 } from "./guest-files.ts";

export interface Authority {
  certificatePem: string;
  /** Eight hex digits: what OpenSSL calls its file in a directory of certificates, without the ".0". */
  subjectHash: string;
}

/** Where Docker (also Podman and CRI-O), Podman and containerd look for the authority of one registry. */
const clientDirectories = ["etc/docker/certs.d", "etc/containers/certs.d", "etc/containerd/certs.d"];
/** Where the distributions' own tools look; `authority` in guest/… chooses the one that fits the image. */
const anchorDirectories = [
  "usr/local/share/ca-certificates",
  "etc/pki/ca-trust/source/anchors",
  "etc/pki/trust/anchors",
  "etc/ca-certificates/trust-source/anchors",
];

/** What the seed says of the authority behind the play's registry: rows of its table and the files they speak of. */
export function renderTrust(registryNames: readonly string[], { certificatePem, subjectHash }: Authority) {
  const clientFiles = registryNames.flatMap(name => clientDirectories.map(directory => `${directory}/${name}/ca.crt`));
  const anchors = anchorDirectories.map(directory => `${directory}/labyard.crt`);
  const certificate = (path: string): CpioEntry => ({ path, type: "file", content: certificatePem, mode: 0o644 });
  return {
    rows: [["authority", sha256(certificatePem), subjectHash], ...clientFiles.map(path => ["authority-file", path])],
    files: [
      certificate("authority.pem"),
      { ...certificate("authority.cpio"), content: writeCpio([...clientFiles, ...anchors].map(certificate)) },
    ],
  };
}
