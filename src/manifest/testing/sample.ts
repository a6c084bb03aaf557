/** A small valid manifest for tests: parts of it are replaced to make cases. */
export const sample = `kind: playground
name: two-tier
title: Two tiers
categories: [linux]
playground:
  networks:
    - name: local
      subnet: 172.16.0.0/24
    - name: back
      subnet: 10.0.2.0/24
  machines:
    - name: web-01
      users:
        - name: laborant
      drives:
        - source: debian-12
          mount: /
      network:
        interfaces:
          - network: local
          - network: back
    - name: db-01
      users:
        - name: root
      drives:
        - source: debian-12
          mount: /
      network:
        interfaces:
          - network: back
  tabs:
    - machine: web-01
  initConditions:
    values:
      - key: flavor
        options: [nginx, caddy]
  initTasks:
    seed:
      init: true
      machine: db-01
      run: echo seed
  accessControl:
    canList: [owner]
    canRead: [owner]
    canStart: [owner]
`;

/** The sample with the first occurrence of each text replaced; a text that does not occur is a mistake in the test. */
export function sampleWith(...replacements: readonly (readonly [string, string])[]): string {
  let text = sample;
  for (const [from, to] of replacements) {
    if (!text.includes(from)) throw new Error(`the sample has no ${JSON.stringify(from)}`);
    text = text.replace(from, () => to);
  }
  return text;
}
