/** Text of a stranger with nothing in it that could command a terminal or turn its direction. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, "?");
}
