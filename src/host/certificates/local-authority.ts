// The certificate library needs this polyfill to be there before it.
import "reflect-metadata";
import { randomBytes } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import * as x509 from "@peculiar/x509";
import { writeFileAtomic } from "../../lib/atomic-file.ts";
import { subjectHash } from "./subject-hash.ts";

/** P-256 with SHA-256: what browsers, Go, OpenSSL and old guests all accept. */
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 24 * 60 * 60_000;
const authorityDays = 10 * 365;
/** Browsers of Apple refuse server certificates that live longer (their limit for private authorities is 825 days). */
const longestServerDays = 398;
/** A certificate is valid a little before now, for guests whose clock is behind. */
const allowedSkewMs = dayMs;

/** A certificate with its private key, both PEM. */
export interface Certificate {
  certificatePem: string;
  privateKeyPem: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

export interface ServerNames {
  /** At least one name or address; the first is the common name. A wildcard ("*.example.org") is a name. */
  dnsNames: readonly string[];
  ipAddresses?: readonly string[];
  /** At most 398, the default. */
  days?: number;
}

/** The installation's own certificate authority. */
export interface LocalAuthority {
  /** The authority's own certificate, for those who shall trust it. */
  certificatePem: string;
  /** What OpenSSL calls its file in a directory of certificates, without the ".0". */
  subjectHash: string;
  issue(names: ServerNames): Promise<Certificate>;
}

/**
 * The authority whose certificate and key lie in these files, created when they are not there. The key file has mode
 * 0600 and never leaves the host. When this rejects, an existing authority is as it was; a half-written one is never
 * used, since the certificate is written last.
 */
export async function openLocalAuthority(files: { certificate: string; key: string }): Promise<LocalAuthority> {
  const certificatePem = (await readIfThere(files.certificate)) ?? (await createOnce(files));
  const issuer = new x509.X509Certificate(certificatePem);
  const key = await crypto.subtle.importKey(
    "pkcs8",
    x509.PemConverter.decodeFirst(await readFile(files.key, "utf8")),
    algorithm,
    false,
    ["sign"],
  );
  return {
    certificatePem,
    subjectHash: subjectHash(new Uint8Array(issuer.subjectName.toArrayBuffer())),
    issue: names => issue(issuer, key, names),
  };
}

/** By file: plays that start at once, on a new installation, must not each make one. */
const beingCreated = new Map<string, Promise<string>>();

async function createOnce(files: { certificate: string; key: string }): Promise<string> {
  const creation = beingCreated.get(files.certificate) ?? create(files);
  beingCreated.set(files.certificate, creation);
  try {
    return await creation;
  } finally {
    beingCreated.delete(files.certificate);
  }
}

async function create(files: { certificate: string; key: string }): Promise<string> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    // The name tells a person who finds it in a trust store where it came from.
    name: [{ CN: [`Labyard local authority (${hostname()})`] }],
    notBefore: new Date(Date.now() - allowedSkewMs),
    notAfter: new Date(Date.now() + authorityDays * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const pem = `${certificate.toString("pem")}\n`;
  await mkdir(dirname(files.key), { recursive: true, mode: 0o700 });
  await mkdir(dirname(files.certificate), { recursive: true, mode: 0o700 });
  await writeFileAtomic(files.key, await privatePem(keys.privateKey), 0o600);
  await writeFileAtomic(files.certificate, pem);
  return pem;
}

async function issue(issuer: x509.X509Certificate, issuerKey: CryptoKey, names: ServerNames): Promise<Certificate> {
  const ipAddresses = names.ipAddresses ?? [];
  const commonName = names.dnsNames[0] ?? ipAddresses[0];
  if (commonName === undefined) throw new Error("a certificate needs a name");
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const expiresAt = Date.now() + Math.min(names.days ?? longestServerDays, longestServerDays) * dayMs - allowedSkewMs;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: [{ CN: [commonName] }],
    issuer: issuer.subjectName,
    notBefore: new Date(Date.now() - allowedSkewMs),
    notAfter: new Date(expiresAt),
    publicKey: keys.publicKey,
    signingKey: issuerKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        ...names.dnsNames.map(value => ({ type: "dns" as const, value })),
        ...ipAddresses.map(value => ({ type: "ip" as const, value })),
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    certificatePem: `${certificate.toString("pem")}\n`,
    privateKeyPem: await privatePem(keys.privateKey),
    expiresAt,
  };
}

/** Positive and with 128 random bits (RFC 5280 4.1.2.2 allows 20 octets). */
const newSerial = () => `01${randomBytes(16).toString("hex")}`;

async function privatePem(key: CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), x509.PemConverter.PrivateKeyTag)}\n`;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
