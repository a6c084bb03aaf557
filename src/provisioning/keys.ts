import ssh2 from "ssh2";

/** An ed25519 key pair in OpenSSH's own formats. */
export interface KeyPair {
  /** PEM text, ends in a newline. */
  privateKey: string;
  /** "ssh-ed25519 AAAA… comment", no newline. */
  publicKey: string;
}

/**
 * Every key of one play, stable for its life. Plain JSON, stored with mode 0600.
 *
 * Machines of a play trust each other through one shared pair, but only the runner holds the channel key: a learner
 * who is root on one machine must not get the platform's way into another.
 */
export interface PlayKeys {
  /** The runner's key for the platform channel of every machine. */
  channel: KeyPair;
  /** What root and the listed users log in to each other's machines with. */
  trust: KeyPair;
  machines: Record<string, MachineKeys>;
}

export interface MachineKeys {
  /** Host key of the image's own sshd (port 22). */
  host: KeyPair;
  /** Host key of the platform channel (port 2022). */
  channelHost: KeyPair;
}

/** New keys for a play with these machines. Call it once, when the play is created, and store the result. */
export function createPlayKeys(machines: readonly { name: string }[]): PlayKeys {
  return {
    channel: createKeyPair("labyard-channel"),
    trust: createKeyPair("labyard-play"),
    machines: Object.fromEntries(
      machines.map(({ name }) => [name, { host: createKeyPair(`root@${name}`), channelHost: createKeyPair(name) }]),
    ),
  };
}

function createKeyPair(comment: string): KeyPair {
  const pair = ssh2.utils.generateKeyPairSync("ed25519", { comment });
  // ssh refuses a private key file whose last line is not terminated.
  return { privateKey: `${pair.private.trimEnd()}\n`, publicKey: pair.public.trim() };
}
