import { stringify } from "yaml";
import { inSchemaOrder } from "./in-schema-order.ts";
import { maskedSecret } from "./rules/access.ts";
import { type Manifest, manifestSchema } from "./schema.ts";

/** The manifest as the YAML an author edits. Reading the text again gives an equal manifest. */
export function dumpManifest(manifest: Manifest): string {
  const ordered = inSchemaOrder(manifestSchema, manifest);
  return stringify(
    { kind: "playground", ...(ordered as object) },
    {
      indent: 4,
      // Long lines stay whole: a folded script or URL would be hard to read and to compare.
      lineWidth: 0,
      blockQuote: "literal",
      // Quote what readers of YAML 1.1 would take for something else: yes, 1:30, 0644.
      compat: "yaml-1.1",
      aliasDuplicateObjects: false,
    },
  );
}

/** The same manifest for people who may read it but do not own it. */
export function withoutSecrets(manifest: Manifest): Manifest {
  const { registryAuth } = manifest.playground;
  if (registryAuth === undefined) return manifest;
  return { ...manifest, playground: { ...manifest.playground, registryAuth: maskedSecret } };
}
