import { Button, Checkbox, Group, Stack, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { labyard } from "../app/labyard.ts";
import { queries, queryClient } from "../app/queries.ts";
import { SecretBox } from "../app/secret-box.tsx";
import { Section } from "../app/section.tsx";
import { ProblemAlert } from "../problem/problem-alert.tsx";

const nothing = { name: "", email: "", githubHandle: "", administrator: false };

/** Makes an account and shows the one-time address for its owner. */
export function AddPerson() {
  const [typed, setTyped] = useState(nothing);
  const add = useMutation({
    mutationFn: () =>
      labyard.createUser({
        name: typed.name.trim().toLowerCase(),
        administrator: typed.administrator,
        ...(typed.email.trim() === "" ? {} : { email: typed.email.trim() }),
        ...(typed.githubHandle.trim() === "" ? {} : { githubHandle: typed.githubHandle.trim() }),
      }),
    onSuccess: () => {
      setTyped(nothing);
      void queryClient.invalidateQueries({ queryKey: queries.users().queryKey });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  const set = (change: Partial<typeof nothing>) => setTyped(previous => ({ ...previous, ...change }));
  return (
    <Section
      title="Add a person"
      intro="You get a one-time address to pass on. Address and handle are only needed for logins by a provider."
    >
      <form onSubmit={submit} aria-label="Add a person">
        <Stack gap="sm">
          <Group align="flex-end">
            <TextInput
              label="Name"
              required
              maxLength={40}
              autoComplete="off"
              autoCapitalize="none"
              value={typed.name}
              onChange={event => set({ name: event.currentTarget.value })}
            />
            <TextInput
              label="E-mail address (optional)"
              type="email"
              autoComplete="off"
              value={typed.email}
              onChange={event => set({ email: event.currentTarget.value })}
            />
            <TextInput
              label="GitHub handle (optional)"
              autoComplete="off"
              value={typed.githubHandle}
              onChange={event => set({ githubHandle: event.currentTarget.value })}
            />
          </Group>
          <Checkbox
            label="Administrator: may do everything on this server"
            checked={typed.administrator}
            onChange={event => set({ administrator: event.currentTarget.checked })}
          />
          {add.error !== null && <ProblemAlert error={add.error} />}
          <Button type="submit" loading={add.isPending} style={{ alignSelf: "flex-start" }}>
            Add
          </Button>
        </Stack>
      </form>
      {add.data?.invitation !== undefined && (
        <SecretBox
          title={`Pass this address on to ${add.data.user.name}`}
          secrets={{ address: add.data.invitation.url }}
          note="It logs its first visitor in, once, and is good for seven days. They can set a password then."
        />
      )}
    </Section>
  );
}
