import { createSshKeyPair, type SshKeyPair } from "../lib/ssh-key-pair.ts";

/**
 * Every key of one play, stable for its life. Plain JSON, stored with mode 0600.
 *
 * Machines of a play trust each other through one shared pair, but only the runner holds the channel key: a learner
 * who is root on one machine must not get the platform's way into another.
 */
export interface PlayKeys {
  /** The runner's key for the platform channel of every machine. */
  channel: SshKeyPair;
  /** What root and the listed users log in to each other's machines with. */
  trust: SshKeyPair;
  machines: Record<string, MachineKeys>;
}

export interface MachineKeys {
  /** Host key of the image's own sshd (port 22). */
  host: SshKeyPair;
  /** Host key of the platform channel (port 2022). */
  channelHost: SshKeyPair;
}

/** New keys for a play with these machines. Call it once, when the play is created, and store the result. */
export function createPlayKeys(machines: readonly { name: string }[]): PlayKeys {
  return {
    channel: createSshKeyPair("labyard-channel"),
    trust: createSshKeyPair("labyard-play"),
    machines: Object.fromEntries(
      machines.map(({ name }) => [
        name,
        { host: createSshKeyPair(`root@${name}`), channelHost: createSshKeyPair(name) },
      ]),
    ),
  };
}
