import { Container, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import type { Account } from "../../../src/api/contract/account.ts";
import { usePageTitle } from "../app/page-title.ts";
import { queries } from "../app/queries.ts";
import { momentWords } from "../app/rows.tsx";
import { Section } from "../app/section.tsx";
import { Loaded } from "../catalog/loaded.tsx";
import { ProblemAlert } from "../problem/problem-alert.tsx";
import { problemOfCode } from "../problem/problem-of-code.ts";
import { IdentitySection } from "./identity-section.tsx";
import { PasswordSection } from "./password-section.tsx";
import { QuotaSection } from "./quota-section.tsx";
import { SessionSection } from "./session-section.tsx";
import { TokenSection } from "./token-section.tsx";

/** Everything about one's own account. */
export function AccountPage() {
  usePageTitle("Your account");
  const [search] = useSearchParams();
  const account = useQuery(queries.account());
  const problem = problemOfCode(search.get("problem"));
  return (
    <Container size="md" py="lg">
      <Stack>
        <Title order={1} size="h2">
          Your account
        </Title>
        {problem !== undefined && <ProblemAlert error={problem} />}
        <Loaded query={account}>
          {loaded => (
            <>
              <Profile account={loaded} />
              <QuotaSection quotas={loaded.quotas} />
              {loaded.passwordsAllowed && <PasswordSection hasPassword={loaded.hasPassword} />}
              <IdentitySection identities={loaded.identities} />
            </>
          )}
        </Loaded>
        <SessionSection />
        <TokenSection />
      </Stack>
    </Container>
  );
}

function Profile({ account }: { account: Account }) {
  return (
    <Section title="Profile">
      <Text component="div" className="breakable">
        You are <strong>{account.name}</strong>
        {account.administrator ? ", an administrator of this server" : ""}, here since {momentWords(account.createdAt)}.
        {account.githubHandle === undefined ? "" : ` On GitHub you are ${account.githubHandle}.`}
        {account.email === undefined ? "" : ` Your address is ${account.email}.`}
      </Text>
      <Text size="sm" c="dimmed">
        In access lists you are <code>user:{account.id}</code>
      </Text>
    </Section>
  );
}
