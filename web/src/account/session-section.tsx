import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import type { AccountSession } from "../../../src/api/contract/account.ts";
import { labyard } from "../app/labyard.ts";
import { queries, queryClient } from "../app/queries.ts";
import { momentWords, Row, Rows } from "../app/rows.tsx";
import { Section } from "../app/section.tsx";
import { Loaded } from "../catalog/loaded.tsx";
import { ProblemAlert } from "../problem/problem-alert.tsx";

const kinds = { browser: "Browser", client: "Command line", local: "Command line of the server's home" } as const;

/** Where one is logged in, and how to end it. */
export function SessionSection() {
  const sessions = useQuery(queries.sessions());
  const end = useMutation({
    mutationFn: (id: string) => labyard.deleteSession(id),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: queries.sessions().queryKey }),
  });
  return (
    <Section title="Sessions" intro="Where you are logged in. Ending a session closes its terminals and pages at once.">
      {end.error !== null && <ProblemAlert error={end.error} />}
      <Loaded query={sessions}>
        {list => (
          <Rows label="Sessions">
            {list.map(session => (
              <Row
                key={session.id}
                title={`${kinds[session.kind]}${session.current ? " (this one)" : ""}`}
                details={detailsOf(session)}
              >
                {!session.current && session.kind !== "local" && (
                  <Button size="xs" variant="default" onClick={() => end.mutate(session.id)}>
                    End
                    <span className="unseen"> session of {session.userAgent || "an unnamed program"}</span>
                  </Button>
                )}
              </Row>
            ))}
          </Rows>
        )}
      </Loaded>
    </Section>
  );
}

function detailsOf({ userAgent, address, createdAt, usedAt }: AccountSession): string {
  const from = address === undefined ? "" : ` from ${address}`;
  const used = usedAt === undefined ? "" : `, used last about ${momentWords(usedAt)}`;
  return `${userAgent || "unnamed"}${from}, since ${momentWords(createdAt)}${used}`;
}
