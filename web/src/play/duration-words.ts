/** For spans people watch: "0.4 s", "12 s", "2 min 05 s". */
export function spanWords(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

/** For time that is left, without seconds until the last minutes count: "7 h 58 min", "4 min 10 s". */
export function remainingWords(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes >= 24 * 60) return `${Math.floor(minutes / (24 * 60))} d ${Math.floor((minutes / 60) % 24)} h`;
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  if (minutes >= 5) return `${minutes} min`;
  return spanWords(Math.max(0, Math.floor(ms / 1000) * 1000));
}
