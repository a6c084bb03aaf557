import { Document, visit } from "yaml";
import { inSchemaOrder } from "./in-schema-order.ts";
import { maskedSecret } from "./rules/access.ts";
import { type Manifest, manifestSchema } from "./schema.ts";

/** The manifest as the YAML an author edits. Reading the text again gives an equal manifest. */
export function dumpManifest(manifest: Manifest): string {
  const ordered = inSchemaOrder(manifestSchema, manifest);
  const document = new Document(
    { kind: "playground", ...(ordered as object) },
    // Quote what readers of YAML 1.1 would take for something else: yes, 1:30, 0644.
    { compat: "yaml-1.1", aliasDuplicateObjects: false },
  );
  visit(document, {
    Scalar(_, node) {
      // A block that begins with a space needs an indentation indicator, and the library writes one that does not fit
      // an indentation of four.
      if (typeof node.value === "string" && /^\n* /.test(node.value)) node.type = "QUOTE_DOUBLE";
    },
  });
  // Long lines stay whole: a folded script or URL would be hard to read and to compare.
  return document.toString({ indent: 4, lineWidth: 0, blockQuote: "literal" });
}

/** The same manifest for people who may read it but do not own it. */
export function withoutSecrets(manifest: Manifest): Manifest {
  const { registryAuth } = manifest.playground;
  if (registryAuth === undefined) return manifest;
  return { ...manifest, playground: { ...manifest.playground, registryAuth: maskedSecret } };
}
