import { Typography } from "@mantine/core";
import DOMPurify from "dompurify";
import MarkdownIt from "markdown-it";
import { useMemo } from "react";

const renderer = new MarkdownIt({ html: false, linkify: false });

// The page has a title already: an author's headings begin one level below it.
for (const rule of ["heading_open", "heading_close"]) {
  renderer.renderer.rules[rule] = (tokens, index, options, _env, self) => {
    const token = tokens[index];
    if (token !== undefined) token.tag = `h${Math.min(6, Number(token.tag.slice(1)) + 1)}`;
    return self.renderToken(tokens, index, options);
  };
}

// Relative addresses of authors mean their own files, wherever the page is shown.
const ownFile = /^(?:\.\/)?(__static__\/.*)$/;
for (const [rule, attribute] of [
  ["image", "src"],
  ["link_open", "href"],
] as const) {
  const before = renderer.renderer.rules[rule];
  renderer.renderer.rules[rule] = (tokens, index, options, env, self) => {
    const token = tokens[index];
    const path = ownFile.exec(String(token?.attrGet(attribute) ?? ""))?.[1];
    if (path !== undefined) token?.attrSet(attribute, String(env?.files ?? "") + path);
    return before?.(tokens, index, options, env, self) ?? self.renderToken(tokens, index, options);
  };
}

// Links of authors lead out of the app and learn nothing of where they were clicked.
DOMPurify.addHook("afterSanitizeAttributes", node => {
  if (node.tagName !== "A") return;
  node.setAttribute("target", "_blank");
  node.setAttribute("rel", "noopener noreferrer");
});

/** An author's text: no raw HTML, sanitised, images over https or from the files below `files`. */
export function Markdown({ text, files }: { text: string; files: string }) {
  const html = useMemo(
    () =>
      DOMPurify.sanitize(renderer.render(text, { files }), { USE_PROFILES: { html: true }, FORBID_ATTR: ["style"] }),
    [text, files],
  );
  return <Typography dangerouslySetInnerHTML={{ __html: html }} />;
}
