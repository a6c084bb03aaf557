// npm run docs: writes the generated pages of docs/reference. scripts/generate-docs.test.ts proves that they are fresh.
import { writeFile } from "node:fs/promises";
import { generatedFiles, referenceDirectory } from "./docs/generated-files.ts";

for (const [name, render] of Object.entries(generatedFiles)) {
  await writeFile(new URL(name, referenceDirectory), await render());
  console.log(`docs/reference/${name}`);
}
