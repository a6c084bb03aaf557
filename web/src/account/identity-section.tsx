import { Button, Group } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import type { Account } from "../../../src/api/contract/account.ts";
import { labyard } from "../app/labyard.ts";
import { queries, queryClient } from "../app/queries.ts";
import { momentWords, Row, Rows } from "../app/rows.tsx";
import { Section } from "../app/section.tsx";
import { ProblemAlert } from "../problem/problem-alert.tsx";

/** Identities at login providers that lead to this account. Absent where there are no providers. */
export function IdentitySection({ identities }: { identities: Account["identities"] }) {
  const { data: methods } = useQuery(queries.loginMethods());
  const link = useMutation({
    mutationFn: (provider: string) => labyard.linkIdentity(provider),
    onSuccess: ({ url }) => location.assign(url),
  });
  const unlink = useMutation({
    mutationFn: (issuer: string) => labyard.unlinkIdentity(issuer),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: queries.account().queryKey }),
  });
  const providers = methods?.providers ?? [];
  if (providers.length === 0 && identities.length === 0) return null;
  const error = link.error ?? unlink.error;
  return (
    <Section title="Linked identities" intro="Each of them logs you in here.">
      {error !== null && <ProblemAlert error={error} />}
      <Rows label="Linked identities">
        {identities.map(({ issuer, label, createdAt }) => (
          <Row key={`${issuer} ${label}`} title={label} details={`${issuer}, since ${momentWords(createdAt)}`}>
            <Button size="xs" variant="default" loading={unlink.isPending} onClick={() => unlink.mutate(issuer)}>
              Unlink {label}
            </Button>
          </Row>
        ))}
      </Rows>
      <Group>
        {providers
          .filter(({ issuer }) => identities.every(identity => identity.issuer !== issuer))
          .map(({ name, label }) => (
            <Button key={name} variant="default" loading={link.isPending} onClick={() => link.mutate(name)}>
              Link {label}
            </Button>
          ))}
      </Group>
    </Section>
  );
}
