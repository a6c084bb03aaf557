/** Whether a label of an image ("v1", "lab:v1", "docker.io/library/lab:v1") is what somebody calls it. */
export function isNamed(label: string, wanted: string): boolean {
  if (label === wanted || label.endsWith(`/${wanted}`) || label.endsWith(`:${wanted}`)) return true;
  // Without a tag, "latest" is meant, as everywhere.
  return !wanted.includes(":") && (label === `${wanted}:latest` || label.endsWith(`/${wanted}:latest`));
}
