import { contentFileRoutes } from "./routes/content-files.ts";
import { contentRoutes } from "./routes/content.ts";
import { healthRoutes } from "./routes/health.ts";
import { loginRoutes } from "./routes/login.ts";
import { manifestCheckRoute } from "./routes/manifest-check.ts";
import { meRoutes } from "./routes/me.ts";
import { playActionRoute } from "./routes/play-actions.ts";
import { playConnRoute } from "./routes/play-conns.ts";
import { playCreateRoute } from "./routes/play-create.ts";
import { playExecRoute } from "./routes/play-exec.ts";
import { playJournalRoute } from "./routes/play-journals.ts";
import { playListRoute } from "./routes/play-list.ts";
import { playPortRoutes } from "./routes/play-ports.ts";
import { playShellRoutes } from "./routes/play-shells.ts";
import { playTaskRoutes } from "./routes/play-tasks.ts";
import { playTerminalRoutes } from "./routes/play-terminals.ts";
import { playRoutes } from "./routes/play.ts";
import { playgroundRoutes } from "./routes/playgrounds.ts";
import { sessionRoutes } from "./routes/sessions.ts";
import { tokenRoutes } from "./routes/tokens.ts";
import type { Services } from "./services.ts";
import type { ZodApp } from "./zod-app.ts";

/** Everything below /api. */
export function registerRoutes(app: ZodApp, services: Services): void {
  healthRoutes(app, services);
  loginRoutes(app, services);
  meRoutes(app);
  sessionRoutes(app, services);
  tokenRoutes(app, services);
  playgroundRoutes(app, services);
  contentRoutes(app, services);
  contentFileRoutes(app, services);
  manifestCheckRoute(app, services);
  playCreateRoute(app, services);
  playListRoute(app, services);
  playRoutes(app, services);
  playActionRoute(app, services);
  playConnRoute(app, services);
  playTaskRoutes(app, services);
  playTerminalRoutes(app, services);
  playExecRoute(app, services);
  playPortRoutes(app, services);
  playShellRoutes(app, services);
  playJournalRoute(app, services);
  app.get("/openapi.json", { schema: { hide: true } }, async () => app.swagger());
}
