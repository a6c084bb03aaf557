import { Button, Group, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { UpdateUserBody, User } from "../../../src/api/contract/users.ts";
import { Dialog } from "../app/dialog.tsx";
import { labyard } from "../app/labyard.ts";
import { queries, queryClient } from "../app/queries.ts";
import { SecretBox } from "../app/secret-box.tsx";
import { ProblemAlert } from "../problem/problem-alert.tsx";

/** What an administrator can do to somebody else's account. */
export function PersonActions({ user }: { user: User }) {
  const [isOpen, setOpen] = useState(false);
  const refresh = () => queryClient.invalidateQueries({ queryKey: queries.users().queryKey });
  const change = useMutation({
    mutationFn: (body: UpdateUserBody) => labyard.updateUser(user.id, body),
    onSuccess: refresh,
  });
  const invite = useMutation({
    mutationFn: (resetPassword: boolean) => labyard.inviteUser(user.id, resetPassword),
    onSuccess: refresh,
  });
  const close = () => {
    setOpen(false);
    invite.reset();
    change.reset();
  };
  const error = change.error ?? invite.error;
  return (
    <>
      <Button size="xs" variant="default" onClick={() => setOpen(true)}>
        Manage<span className="unseen"> {user.name}</span>
      </Button>
      <Dialog opened={isOpen} onClose={close} title={user.name} size="lg">
        <Stack>
          {error !== null && <ProblemAlert error={error} />}
          {invite.data !== undefined && (
            <SecretBox title={`Pass this address on to ${user.name}`} secrets={{ address: invite.data.url }} />
          )}
          <Text size="sm">
            {user.disabled
              ? "This account is disabled: nothing of it works until it is enabled again."
              : "Disabling ends all sessions, tokens and open terminals of this person at once. Their plays go on."}
          </Text>
          <Group>
            <Button
              data-autofocus
              variant="default"
              loading={change.isPending}
              onClick={() => change.mutate({ disabled: !user.disabled })}
            >
              {user.disabled ? "Enable" : "Disable"}
            </Button>
            <Button
              variant="default"
              loading={change.isPending}
              onClick={() => change.mutate({ administrator: !user.administrator })}
            >
              {user.administrator ? "Make an ordinary user" : "Make an administrator"}
            </Button>
          </Group>
          {!user.disabled && (
            <>
              <Text size="sm">
                A one-time address logs this person in, e.g. when they forgot their password. Resetting also takes the
                password away and ends their sessions.
              </Text>
              <Group>
                <Button variant="default" loading={invite.isPending} onClick={() => invite.mutate(false)}>
                  New login address
                </Button>
                <Button variant="default" loading={invite.isPending} onClick={() => invite.mutate(true)}>
                  Reset password
                </Button>
              </Group>
            </>
          )}
          <Text size="sm" c="dimmed">
            To remove the account with its plays and playgrounds: <code>labyard user remove {user.name}</code>
          </Text>
        </Stack>
      </Dialog>
    </>
  );
}
