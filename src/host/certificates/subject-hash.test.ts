import assert from "node:assert/strict";
import { test } from "node:test";
import { subjectHash } from "./subject-hash.ts";

// Each made with `openssl req -x509 -subj …` and asked with `openssl x509 -subject_hash`.
const known: Array<[subject: string, der: string, hash: string]> = [
  ["/CN=Labyard local authority (host)", "MCkxJzAlBgNVBAMMHkxhYnlhcmQgbG9jYWwgYXV0aG9yaXR5IChob3N0KQ==", "8b97515c"],
  [
    "/C=DE/O=Some   Organisation GmbH/OU=Labs/CN=ROOT ca 1",
    "MFMxCzAJBgNVBAYTAkRFMSEwHwYDVQQKDBhTb21lICAgT3JnYW5pc2F0aW9uIEdtYkgxDTALBgNVBAsMBExhYnMxEjAQBgNVBAMMCVJPT1QgY2EgMQ==",
    "5c1a4012",
  ],
  [
    "/CN=Überlab Ca xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx/O=LongLongLongLongLongLongLongLongLongLongLongLongLongLongLong/OU=UnitUnitUnitUnitUnitUnitUnitUnitUnitUnitUnitUnitUnitUnitUnit",
    "MIHNMT0wOwYDVQQDDDTDnGJlcmxhYiBDYSB4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4MUUwQwYDVQQKDDxMb25nTG9uZ0xvbmdMb25nTG9uZ0xvbmdMb25nTG9uZ0xvbmdMb25nTG9uZ0xvbmdMb25nTG9uZ0xvbmcxRTBDBgNVBAsMPFVuaXRVbml0VW5pdFVuaXRVbml0VW5pdFVuaXRVbml0VW5pdFVuaXRVbml0VW5pdFVuaXRVbml0VW5pdA==",
    "e7c88242",
  ],
];

for (const [subject, der, hash] of known) {
  test(`the hash of ${subject} is OpenSSL's`, () => assert.equal(subjectHash(Buffer.from(der, "base64")), hash));
}
