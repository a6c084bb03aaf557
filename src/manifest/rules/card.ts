import { limits } from "../limits.ts";
import { didYouMean, nearest } from "../../lib/nearest.ts";
import { shorten } from "../read/source-tree.ts";
import type { RuleContext } from "./context.ts";
import { forEachAt, isText } from "./context.ts";
import { isHostName, toHostName } from "./names.ts";

/** Categories of the catalogue; an operator may add to them. */
const usualCategories = [
  "linux",
  "networking",
  "containers",
  "kubernetes",
  "programming",
  "observability",
  "security",
  "ci-cd",
  "gen-ai",
] as const;

const categoryWords: Readonly<Record<string, string>> = {
  k8s: "kubernetes",
  docker: "containers",
  network: "networking",
  monitoring: "observability",
  coding: "programming",
};

/** What a card of the catalogue shows: name, title, description, categories, cover, landing page. */
export function checkCard(context: RuleContext): void {
  const { manifest } = context;
  checkTitle(context);
  const descriptionLength = lengthOf(manifest.description);
  if (descriptionLength > limits.descriptionLengthMax) {
    context.error(
      "manifest/description-length",
      "description",
      `description has ${descriptionLength} characters, the limit is ${limits.descriptionLengthMax}`,
    );
  }
  const markdownLength = lengthOf(manifest.markdown);
  if (markdownLength > limits.markdownLengthMax) {
    context.error(
      "manifest/markdown-length",
      "markdown",
      `markdown has ${markdownLength} characters, the limit is ${limits.markdownLengthMax}`,
    );
  }
  checkCategories(context);
  checkCover(context);
}

/** Name and base, where a playground is being created. */
export function checkIdentity(
  context: RuleContext,
  written: { name?: string | undefined; base?: string | undefined },
): void {
  const { options } = context;
  const name = options.name ?? written.name;
  if (context.isMissing("name", name)) {
    context.error("manifest/name-invalid", "name", "the playground has no name; write name: my-lab");
  } else if (name !== undefined && !isHostName(name, limits.nameLengthMax)) {
    const suggestion = toHostName(name, limits.nameLengthMax);
    const why =
      name.length > limits.nameLengthMax
        ? `it has ${name.length} characters, the limit is ${limits.nameLengthMax}`
        : 'use lower-case letters, digits and "-"';
    const example = suggestion === undefined ? "" : `, e.g. "${suggestion}"`;
    context.error("manifest/name-invalid", "name", `name "${shorten(name)}" is not valid: ${why}${example}`, {
      value: name,
      suggestion,
    });
  }
  if (options.name !== undefined && written.name !== undefined && options.name !== written.name) {
    context.error(
      "manifest/name-mismatch",
      "name",
      `the file says "${shorten(written.name)}" but the command says "${shorten(options.name)}"`,
      { value: written.name, suggestion: options.name },
    );
  }
  checkBase(context, written.base);
}

function checkBase(context: RuleContext, written: string | undefined): void {
  const { base, knownBases } = context.options;
  if (written !== undefined && written.length > limits.baseLengthMax) {
    const message = `base "${shorten(written)}" has ${written.length} characters, the limit is ${limits.baseLengthMax}`;
    context.error("manifest/base-unknown", "base", message, { value: written });
    return;
  }
  if (base !== undefined) {
    if (written === undefined || written === base.name) return;
    context.error(
      "manifest/base-unknown",
      "base",
      `the file says base "${shorten(written)}" but the command says "${base.name}"`,
      { value: written, suggestion: base.name },
    );
    return;
  }
  if (knownBases === undefined) return;
  if (written === undefined) {
    context.error("manifest/base-unknown", "base", 'the playground has no base; "flexbox" takes any machines');
  } else if (!knownBases.includes(written)) {
    const suggestion = nearest(written, knownBases);
    context.error(
      "manifest/base-unknown",
      "base",
      `base "${shorten(written)}" does not exist.${didYouMean(suggestion)}`,
      {
        value: written,
        suggestion,
      },
    );
  }
}

function checkTitle(context: RuleContext): void {
  const { title } = context.manifest;
  if (context.isMissing("title", title)) {
    // A start takes only machines, networks, tabs and tasks from the document.
    if (context.options.for === "start") return;
    context.error("manifest/title-length", "title", "the playground has no title (5 to 120 characters)");
    return;
  }
  const length = lengthOf(title?.trim());
  if (title === undefined || (length >= limits.titleLengthMin && length <= limits.titleLengthMax)) return;
  context.error(
    "manifest/title-length",
    "title",
    `title must have ${limits.titleLengthMin} to ${limits.titleLengthMax} characters, this one has ${length}`,
    { value: title },
  );
}

function checkCategories(context: RuleContext): void {
  const known = context.options.knownCategories ?? usualCategories;
  const { categories = [] } = context.manifest;
  if (categories.length > limits.categoriesMax) {
    const message = `a playground has at most ${limits.categoriesMax} categories, this one has ${categories.length}`;
    context.error("manifest/category-unknown", "categories", message);
  }
  forEachAt(categories, "categories", (category, path) => {
    if (!isText(category) || known.includes(category)) return;
    if (lengthOf(category) > limits.categoryLengthMax) {
      const message = `category "${shorten(category)}" has more than ${limits.categoryLengthMax} characters`;
      context.error("manifest/category-unknown", path, message, { value: category });
      return;
    }
    const suggestion = categoryWords[category] ?? nearest(category, known);
    context.warn(
      "manifest/category-unknown",
      path,
      `category "${shorten(category)}" is unknown.${didYouMean(suggestion)}`,
      { value: category, suggestion },
    );
  });
}

function checkCover(context: RuleContext): void {
  const { cover } = context.manifest;
  if (cover !== undefined && cover.length > limits.coverLengthMax) {
    const message = `cover has ${cover.length} characters, the limit is ${limits.coverLengthMax}`;
    context.error("manifest/cover-invalid", "cover", message);
    return;
  }
  if (cover === undefined || isWebAddress(cover) || /^\/(?!\/)\S*$/.test(cover)) return;
  context.error(
    "manifest/cover-invalid",
    "cover",
    `cover must be an http(s) URL or a path starting with "/", found "${shorten(cover)}"`,
    { value: cover },
  );
}

/** An absolute http or https URL. */
export function isWebAddress(text: string): boolean {
  const url = /^https?:\/\/\S+$/i.test(text) ? URL.parse(text) : null;
  return url !== null && url.hostname !== "";
}

/** In code points: what a person would count, nearly. */
const lengthOf = (text: string | undefined): number => (text === undefined ? 0 : Array.from(text).length);
