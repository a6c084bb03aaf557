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

// Links of authors lead out of the app and learn nothing of where they were clicked.
DOMPurify.addHook("afterSanitizeAttributes", node => {
  if (node.tagName !== "A") return;
  node.setAttribute("target", "_blank");
  node.setAttribute("rel", "noopener noreferrer");
});

/** An author's text: no raw HTML, sanitised, images only over https. */
export function Markdown({ text }: { text: string }) {
  const html = useMemo(
    () => DOMPurify.sanitize(renderer.render(text), { USE_PROFILES: { html: true }, FORBID_ATTR: ["style"] }),
    [text],
  );
  return <Typography dangerouslySetInnerHTML={{ __html: html }} />;
}
