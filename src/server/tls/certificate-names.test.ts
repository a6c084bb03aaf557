import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../config.ts";
import { certificateNames } from "./certificate-names.ts";

test("a laptop's certificate is for loopback and the host's own name", () => {
  assert.deepEqual(certificateNames(parseConfig(""), "Laptop"), {
    dnsNames: ["localhost", "*.localhost", "laptop"],
    ipAddresses: ["127.0.0.1", "::1"],
  });
});

test("a server's certificate has its public names too, and every subdomain for ports", () => {
  const config = parseConfig(
    "listen: {host: 0.0.0.0, tls: {names: [labs.lan, 192.0.2.7]}}\npublicUrl: https://labs.example.com\nportsDomain: ports.example.net",
  );
  const { dnsNames, ipAddresses } = certificateNames(config, "host");
  assert.deepEqual(dnsNames.slice(3), ["labs.example.com", "ports.example.net", "*.ports.example.net", "labs.lan"]);
  assert.deepEqual(ipAddresses, ["127.0.0.1", "::1", "192.0.2.7"]);
});
