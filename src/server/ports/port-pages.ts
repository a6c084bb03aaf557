import type { ServerResponse } from "node:http";

interface PortPage {
  status: number;
  title: string;
  text: string;
  /** Seconds after which the page loads itself again. */
  reloadSeconds?: number;
  link?: { href: string; label: string };
}

/**
 * A page of ours on the origin of an exposed port, for when the app cannot answer. Self-contained, without scripts;
 * may be framed by the play's page.
 */
export function sendPortPage(response: ServerResponse, page: PortPage): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(page.status, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "x-labyard-page": "port",
  });
  response.end(render(page));
}

function render({ title, text, reloadSeconds, link }: PortPage): string {
  const reload = reloadSeconds === undefined ? "" : `<meta http-equiv="refresh" content="${reloadSeconds}">`;
  const anchor = link ? `<p><a href="${escape(link.href)}" target="_top">${escape(link.label)}</a></p>` : "";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">${reload}
<title>${escape(title)}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; min-height: 100vh; display: grid; place-items: center; color: #1f2933; background: #f5f7fa }
main { max-width: 36rem; padding: 2rem }
h1 { font-size: 1.25rem; margin: 0 0 .5rem }
p { margin: .5rem 0; overflow-wrap: anywhere }
@media (prefers-color-scheme: dark) { body { color: #e4e7eb; background: #1b1f24 } a { color: #8ab4f8 } }
</style>
</head>
<body><main><h1>${escape(title)}</h1><p>${escape(text)}</p>${anchor}</main></body>
</html>
`;
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
}
