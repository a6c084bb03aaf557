import { X509Certificate } from "node:crypto";
import type { Command } from "@commander-js/extra-typings";
import { authorityFiles } from "../store/paths.ts";
import type { CliContext } from "./context.ts";

/** `labyard tls …`: the installation's own certificate authority, for people and programs that shall trust it. */
export function registerTls(program: Command, context: CliContext): void {
  const tls = program.command("tls").description("The certificate authority of this installation");

  tls
    .command("show")
    .description("Show the authority: where it lies, until when it is good, its fingerprint")
    .action(async () => {
      const { certificate, file } = await authority(context);
      context.stdout.write(
        `certificate  ${file}\n` +
          `subject      ${certificate.subject}\n` +
          `valid until  ${certificate.validTo}\n` +
          `SHA-256      ${certificate.fingerprint256}\n`,
      );
    });

  tls
    .command("trust")
    .description("Make this system trust the authority, or tell how (root on Debian and Ubuntu; others are told how)")
    .option("--print", "only print the certificate, e.g. to take it to another machine")
    .action(async ({ print }) => {
      const { certificatePem, certificate, file } = await authority(context);
      if (print) {
        context.stdout.write(certificatePem);
        return;
      }
      const { trustInSystem } = await import("../host/certificates/system-trust.ts");
      const fingerprint = certificate.fingerprint256.replaceAll(":", "").slice(0, 12).toLowerCase();
      const installed = await trustInSystem(certificatePem, `labyard-${fingerprint}`);
      context.stdout.write(
        installed === undefined
          ? `Not changed: this needs root and update-ca-certificates.\n\n${instructions(file)}`
          : `Programs of this system trust ${installed} from now on.\n\n${instructions(file, true)}`,
      );
    });
}

async function authority(context: CliContext) {
  const { openLocalAuthority } = await import("../host/certificates/local-authority.ts");
  const files = authorityFiles(context.paths);
  const { certificatePem } = await openLocalAuthority(files);
  return { certificatePem, certificate: new X509Certificate(certificatePem), file: files.certificate };
}

function instructions(file: string, isInstalled = false): string {
  const system = `Debian, Ubuntu   sudo cp ${file} /usr/local/share/ca-certificates/labyard.crt && sudo update-ca-certificates
Fedora, RHEL     sudo cp ${file} /etc/pki/ca-trust/source/anchors/labyard.pem && sudo update-ca-trust
`;
  return `${isInstalled ? "Programs with lists of their own, and other machines:\n" : ""}${isInstalled ? "" : system}\
macOS            sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ${file}
Windows          certutil -addstore -f ROOT ca.pem   (as administrator)
Chrome on Linux  certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n labyard -i ${file}   (package libnss3-tools)
Firefox          Settings, Privacy & Security, Certificates, View Certificates, Authorities, Import
Go (labctl)      export SSL_CERT_FILE=${file}   (replaces the system's list) or the system's list as above
Node             export NODE_EXTRA_CA_CERTS=${file}
`;
}
