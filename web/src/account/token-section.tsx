import { Button, Checkbox, Group, NumberInput, Stack, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { type ScopeName, scopeNames } from "../../../src/api/contract/tokens.ts";
import { labyard } from "../app/labyard.ts";
import { queries, queryClient } from "../app/queries.ts";
import { momentWords, Row, Rows } from "../app/rows.tsx";
import { SecretBox } from "../app/secret-box.tsx";
import { Section } from "../app/section.tsx";
import { Loaded } from "../catalog/loaded.tsx";
import { ProblemAlert } from "../problem/problem-alert.tsx";

const usualScopes = scopeNames.filter(scope => !scope.startsWith("author:"));

/** Access tokens: for scripts, and for the official client where there is no browser. */
export function TokenSection() {
  const tokens = useQuery(queries.tokens());
  const refresh = () => queryClient.invalidateQueries({ queryKey: queries.tokens().queryKey });
  const revoke = useMutation({ mutationFn: (id: string) => labyard.deleteToken(id), onSuccess: refresh });
  return (
    <Section
      title="Access tokens"
      intro="For scripts and for machines without a browser. A token may do what its scopes say, until it expires."
    >
      {revoke.error !== null && <ProblemAlert error={revoke.error} />}
      <Loaded query={tokens}>
        {list => (
          <Rows label="Access tokens">
            {list.map(token => (
              <Row
                key={token.id}
                title={token.name}
                details={`${token.scope.join(", ")}; used ${token.usedAt === undefined ? "never" : momentWords(token.usedAt)}; expires ${momentWords(token.expiresAt)}`}
              >
                <Button size="xs" variant="default" onClick={() => revoke.mutate(token.id)}>
                  Revoke<span className="unseen"> {token.name}</span>
                </Button>
              </Row>
            ))}
          </Rows>
        )}
      </Loaded>
      <NewToken onCreated={refresh} />
    </Section>
  );
}

function NewToken({ onCreated }: { onCreated: () => unknown }) {
  const [name, setName] = useState("");
  const [days, setDays] = useState<number | string>(90);
  const [scopes, setScopes] = useState<string[]>(usualScopes);
  const create = useMutation({
    mutationFn: () =>
      labyard.createToken({ name, scope: scopes as ScopeName[], expiresInDays: Number(days) || undefined }),
    onSuccess: () => {
      setName("");
      onCreated();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Stack>
      {create.data !== undefined && (
        <SecretBox
          title="The token is shown only now"
          secrets={{
            token: create.data.accessToken,
            "login command": `labctl --endpoint ${location.origin} auth login --session-id ${create.data.id} --access-token ${create.data.accessToken}`,
          }}
          note="The command logs the official client in on a machine without a browser."
        />
      )}
      <form onSubmit={submit} aria-label="New token">
        <Stack gap="sm">
          <Group align="flex-end">
            <TextInput
              label="Name of the new token"
              placeholder="what it is for"
              required
              maxLength={100}
              value={name}
              onChange={event => setName(event.currentTarget.value)}
            />
            <NumberInput label="Days until it expires" min={1} max={3650} value={days} onChange={setDays} w={170} />
          </Group>
          <Checkbox.Group label="It may" value={scopes} onChange={setScopes}>
            <Group gap="md" mt={4}>
              {scopeNames.map(scope => (
                <Checkbox key={scope} value={scope} label={scope} />
              ))}
            </Group>
          </Checkbox.Group>
          {create.error !== null && <ProblemAlert error={create.error} />}
          <Button
            type="submit"
            variant="default"
            loading={create.isPending}
            disabled={scopes.length === 0}
            style={{ alignSelf: "flex-start" }}
          >
            Create token
          </Button>
        </Stack>
      </form>
    </Stack>
  );
}
