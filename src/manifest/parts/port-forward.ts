import type { z } from "zod";
import { choice, integer, part, text } from "../field.ts";

const code = "manifest/port-forward";

export const portForwardSchema = part(
  {
    kind: choice(["local", "remote"], "Direction, as in ssh's -L and -R.", { code }),
    machine: text("The machine it belongs to.", { code }),
    localHost: text("Host name on the side of the client.", { code }).optional(),
    localPort: integer("Port on the side of the client.", { code }).optional(),
    remoteHost: text("Host name as seen from the machine.", { code }).optional(),
    remotePort: integer("Port on the side of the machine.", { code }).optional(),
  },
  "A forward that every play of the playground starts with.",
  {
    noun: "port forward",
    // The all-lower-case spellings come from the official client's dumps.
    aliases: { localhost: "localHost", localport: "localPort", remotehost: "remoteHost", remoteport: "remotePort" },
  },
);

export type PortForward = z.infer<typeof portForwardSchema>;
