import assert from "node:assert/strict";
import { test } from "node:test";
import { type TicketKind, Tickets } from "./tickets.ts";

const once: TicketKind<string> = { name: "once", lifetimeMs: 1000, reusable: false };
const often: TicketKind<string> = { name: "often", lifetimeMs: 1000, reusable: true };

test("a single-use ticket works once, a reusable one until its time", () => {
  let nowMs = 0;
  const tickets = new Tickets(() => nowMs);
  const single = tickets.issue(once, "play");
  assert.equal(tickets.redeem(once, single), "play");
  assert.equal(tickets.redeem(once, single), undefined);

  const many = tickets.issue(often, "play");
  assert.equal(tickets.redeem(often, many), "play");
  assert.equal(tickets.redeem(often, many), "play");
  nowMs = 1000;
  assert.equal(tickets.redeem(often, many), undefined);
});

test("a ticket of one kind opens nothing of another, and is not used up by the attempt", () => {
  const tickets = new Tickets(() => 0);
  const ticket = tickets.issue(once, "play");
  assert.equal(tickets.redeem(often, ticket), undefined);
  assert.equal(tickets.redeem(once, ticket), "play");
  assert.equal(tickets.redeem(once, "guess"), undefined);
});

test("the number of open tickets is bounded; the oldest go first", () => {
  const tickets = new Tickets(() => 0);
  const first = tickets.issue(once, "first");
  const rest = Array.from({ length: 10_000 }, (_, index) => tickets.issue(once, String(index)));
  assert.equal(tickets.redeem(once, first), undefined);
  assert.equal(tickets.redeem(once, rest.at(-1) ?? ""), "9999");
});
