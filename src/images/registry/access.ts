import { largestImageBytes } from "../image-manifest.ts";
import { readCredentials } from "./auth-files.ts";
import type { Credentials } from "./token.ts";
import { Transport, type TransportSettings } from "./transport.ts";

/** Everything that pulling needs to know about this host and its operator's wishes. */
export interface RegistryAccess {
  transport: Transport;
  /** undefined: pull without any */
  credentialsFor(registry: string, repository: string): Promise<Credentials | undefined>;
  /** Whether manifests may name images of Docker Hub, which limits how much a host may pull. */
  allowsHubDrives: boolean;
  /** All layers of an image together, unpacked. */
  maxImageBytes: number;
}

export interface RegistrySettings extends TransportSettings {
  /** Read before the files of Docker and Podman. */
  authFiles?: readonly string[];
  dockerHub?: boolean;
  /** Default: as large as an image may be compressed. */
  maxImageGiB?: number | undefined;
}

/** Access as configured, with the credentials that Docker and Podman keep for the user of this process. */
export function registryAccess(settings: RegistrySettings, env: NodeJS.ProcessEnv): RegistryAccess {
  return {
    transport: new Transport({ ...settings, env }),
    credentialsFor: (registry, repository) => readCredentials(registry, repository, settings.authFiles ?? [], env),
    allowsHubDrives: settings.dockerHub === true,
    maxImageBytes: settings.maxImageGiB === undefined ? largestImageBytes : settings.maxImageGiB * 1024 ** 3,
  };
}

/** No credentials, no mirrors, no exceptions. */
export function anonymousAccess(): RegistryAccess {
  return {
    transport: new Transport(),
    credentialsFor: async () => undefined,
    allowsHubDrives: false,
    maxImageBytes: largestImageBytes,
  };
}
