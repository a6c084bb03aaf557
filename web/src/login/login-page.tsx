import { Alert, Button, Code, Container, Divider, Paper, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { useSearchParams } from "react-router";
import type { LoginBody } from "../../../src/api/contract/sessions.ts";
import { labyard } from "../app/labyard.ts";
import { usePageTitle } from "../app/page-title.ts";
import { paths, safeNext } from "../app/paths.ts";
import { queries } from "../app/queries.ts";
import { ProblemAlert } from "../problem/problem-alert.tsx";
import { problemOfCode } from "../problem/problem-of-code.ts";
import { PasswordForm } from "./password-form.tsx";

/** All ways in: a one-time code (from the address or the field), a password, a provider. Then on to where one wanted. */
export function LoginPage() {
  usePageTitle("Log in");
  const [search] = useSearchParams();
  const codeInUrl = search.get("code");
  const next = search.get("next");
  const methods = useQuery(queries.loginMethods());
  const login = useMutation({
    mutationFn: (body: LoginBody) => labyard.login(body),
    // A full load: `next` may be an address of the server, and nothing of an earlier person stays in memory.
    onSuccess: () => location.replace(safeNext(next)),
  });
  const { mutate } = login;

  useEffect(() => {
    if (codeInUrl === null) return;
    mutate({ code: codeInUrl });
    // The code is used up; a reload or a bookmark must not try it again.
    history.replaceState(history.state, "", paths.login(next ?? undefined));
  }, [codeInUrl, next, mutate]);

  const isWorking = login.isPending || login.isSuccess;
  const problem = login.error ?? problemOfCode(search.get("problem"));
  const providers = methods.data?.providers ?? [];

  return (
    <Container size={480} py="xl">
      <Title order={1} size="h2" mb="md">
        Log in to Labyard
      </Title>
      <Paper withBorder p="lg">
        <Stack>
          {codeInUrl !== null && isWorking && <Alert role="status">Logging you in…</Alert>}
          {problem !== undefined && problem !== null && <ProblemAlert error={problem} />}
          {methods.data?.passwords && <PasswordForm isWorking={isWorking} onSubmit={mutate} />}
          {providers.map(({ name, label }) => (
            <Button key={name} component="a" variant="default" href={paths.startLogin(name, next ?? undefined)}>
              Log in with {label}
            </Button>
          ))}
          {(methods.data?.passwords || providers.length > 0) && <Divider label="or" labelPosition="center" />}
          <CodeForm isWorking={isWorking} onSubmit={mutate} />
        </Stack>
      </Paper>
    </Container>
  );
}

function CodeForm({ isWorking, onSubmit }: { isWorking: boolean; onSubmit: (body: LoginBody) => void }) {
  const [typed, setTyped] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const code = codeOf(typed);
    if (code !== "") onSubmit({ code });
  };
  return (
    <form onSubmit={submit} aria-label="One-time address">
      <Stack>
        <Text size="sm">
          Open a one-time address: an administrator passes you one, and on the machine where the server runs{" "}
          <Code>labyard login-url</Code> prints one.
        </Text>
        <TextInput
          label="One-time address or its code"
          autoComplete="one-time-code"
          spellCheck={false}
          value={typed}
          onChange={event => setTyped(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" loading={isWorking} disabled={codeOf(typed) === ""}>
          Log in with the address
        </Button>
        <Text size="xs" c="dimmed">
          People are added by the administrators of this server.
        </Text>
      </Stack>
    </form>
  );
}

/** People paste the whole address as often as the code in it. */
function codeOf(text: string): string {
  const trimmed = text.trim();
  return (URL.canParse(trimmed) ? new URL(trimmed).searchParams.get("code") : null) ?? trimmed;
}
