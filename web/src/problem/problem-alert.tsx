import { Alert, Button, Text } from "@mantine/core";
import { describeProblem } from "./describe.ts";

interface ProblemAlertProps {
  error: unknown;
  onRetry?: () => void;
}

/** A failure with where it happened and what to do next. */
export function ProblemAlert({ error, onRetry }: ProblemAlertProps) {
  const { title, message, place, hint, lines } = describeProblem(error);
  return (
    <Alert
      role="alert"
      variant="outline"
      color="red"
      title={title}
      styles={{ title: { color: "var(--tone-bad)" }, message: { color: "var(--mantine-color-text)" } }}
    >
      {message !== undefined && <Text className="breakable">{message}</Text>}
      {place !== undefined && (
        <Text size="sm" c="dimmed">
          Where: {place}
        </Text>
      )}
      {lines.length > 0 && (
        // Scrollable, so it must be reachable by keyboard.
        <pre className="output" tabIndex={0} aria-label="Details">
          {lines.join("\n")}
        </pre>
      )}
      {hint !== undefined && (
        <Text mt="xs" fw={600}>
          {hint}
        </Text>
      )}
      {onRetry !== undefined && (
        <Button mt="sm" size="xs" variant="default" onClick={onRetry}>
          Try again
        </Button>
      )}
    </Alert>
  );
}
