import type { Plan } from "../plan/plan.ts";
import { authorityFiles, type Paths, registryIdentityFile } from "../store/paths.ts";
import { readRecord, writeRecord } from "../store/play-records.ts";

/** How the registry of a play proves who it is to the play's machines; stored as registry.json. */
export interface RegistryIdentity {
  /** The installation's authority: machines trust its certificate. */
  authority: { certificatePem: string; subjectHash: string };
  certificatePem: string;
  privateKeyPem: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

/** A play that runs without a stop outlives no certificate: it is issued anew at a start when less than this is left. */
const leastMs = 90 * 24 * 60 * 60_000;

/**
 * Makes sure that the play has a certificate for its registry, signed by the installation's authority.
 *
 * This is the server's work: the runner gets a key that is good for one play and never sees the authority's. An
 * identity of an earlier start is kept while the authority is the same and it remains valid for long enough.
 */
export async function ensureRegistryIdentity(paths: Paths, { playId, registry }: Plan): Promise<void> {
  const file = registryIdentityFile(paths, playId);
  // Loaded with the first play that starts: the certificate library takes a tenth of a second.
  const { openLocalAuthority } = await import("../host/certificates/local-authority.ts");
  const opened = await openLocalAuthority(authorityFiles(paths));
  const { certificatePem, subjectHash } = opened;
  const known = await readRecord<RegistryIdentity>(file);
  if (known?.authority.certificatePem === certificatePem && known.expiresAt > Date.now() + leastMs) return;
  const identity: RegistryIdentity = {
    authority: { certificatePem, subjectHash },
    ...(await opened.issue({ dnsNames: registry.names })),
  };
  await writeRecord(file, identity);
}
