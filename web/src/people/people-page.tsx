import { Container, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { User } from "../../../src/api/contract/users.ts";
import { usePageTitle } from "../app/page-title.ts";
import { queries } from "../app/queries.ts";
import { Row, Rows } from "../app/rows.tsx";
import { Section } from "../app/section.tsx";
import { Loaded } from "../catalog/loaded.tsx";
import { AddPerson } from "./add-person.tsx";
import { PersonActions } from "./person-actions.tsx";

/** Everybody who has an account on this server; for administrators. */
export function PeoplePage() {
  usePageTitle("People");
  const users = useQuery(queries.users());
  const { data: me } = useQuery({ ...queries.me(), enabled: false });
  return (
    <Container size="md" py="lg">
      <Stack>
        <Title order={1} size="h2">
          People
        </Title>
        <AddPerson />
        <Section title="Accounts">
          <Loaded query={users}>
            {list => (
              <Rows label="Accounts">
                {list.map(user => (
                  <Row key={user.id} title={<Name user={user} />} details={detailsOf(user)}>
                    {user.id !== me?.id && <PersonActions user={user} />}
                  </Row>
                ))}
              </Rows>
            )}
          </Loaded>
        </Section>
      </Stack>
    </Container>
  );
}

function Name({ user }: { user: User }) {
  return (
    <>
      {user.name}
      {user.disabled && (
        <Text span size="sm" c="var(--tone-bad)">
          {" "}
          disabled
        </Text>
      )}
    </>
  );
}

function detailsOf(user: User): string {
  return [
    user.administrator ? "administrator" : "user",
    user.activePlays === 1 ? "1 active play" : `${user.activePlays} active plays`,
    user.hasPassword ? "has a password" : "no password",
    user.githubHandle && `GitHub: ${user.githubHandle}`,
    user.email,
    `id ${user.id}`,
  ]
    .filter(Boolean)
    .join(" · ");
}
