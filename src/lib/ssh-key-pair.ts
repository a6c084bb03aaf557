import ssh2 from "ssh2";

/** An ed25519 key pair in OpenSSH's own formats. */
export interface SshKeyPair {
  /** PEM text, ends in a newline. */
  privateKey: string;
  /** "ssh-ed25519 AAAA… comment", no newline. */
  publicKey: string;
}

/** Makes a new key pair. */
export function createSshKeyPair(comment: string): SshKeyPair {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync("ed25519", { comment });
    // ssh2 drops zero bytes from the beginning of a public key: of 256 pairs one is broken, which no ssh would read.
    if (isSshPrivateKey(pair.private)) {
      // ssh refuses a private key file whose last line is not terminated.
      return { privateKey: `${pair.private.trimEnd()}\n`, publicKey: pair.public.trim() };
    }
  }
}

export function isSshPrivateKey(text: string): boolean {
  return !(ssh2.utils.parseKey(text) instanceof Error);
}
