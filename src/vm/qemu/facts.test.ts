import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseMachineType } from "./facts.ts";

const help = (...types: string[]) =>
  [
    "Supported machines are:",
    "q35   Standard PC (alias of pc-q35-9.0)",
    "microvm  microvm",
    ...types.map(type => `${type}  Standard PC`),
  ].join("\n");

test("the tested type when it is offered, else the newest, never an alias", () => {
  assert.equal(chooseMachineType(help("pc-q35-9.0", "pc-q35-7.2", "pc-q35-7.1")), "pc-q35-7.2");
  assert.equal(chooseMachineType(help("pc-q35-9.2", "pc-q35-10.0", "pc-q35-9.10")), "pc-q35-10.0");
  assert.equal(chooseMachineType(help("pc-q35-6.2")), "pc-q35-6.2");
  assert.equal(chooseMachineType(help("pc-i440fx-7.2")), undefined);
});
