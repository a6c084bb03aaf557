import { Button, Container } from "@mantine/core";
import { Component, type ReactNode } from "react";
import { ProblemAlert } from "../problem/problem-alert.tsx";

interface State {
  error: unknown;
  failed: boolean;
}

/** Shows a failure of the page itself, e.g. a chunk of an older build that is gone after an upgrade. */
export class PageErrors extends Component<{ children: ReactNode }, State> {
  override state: State = { error: undefined, failed: false };

  static getDerivedStateFromError(error: unknown): State {
    return { error, failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <Container size="sm" py="xl">
        <ProblemAlert error={this.state.error} />
        <Button mt="md" onClick={() => location.reload()}>
          Load the page again
        </Button>
      </Container>
    );
  }
}
