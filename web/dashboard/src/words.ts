// How times and amounts are put into words.

/** Return a time of day, as the browser's language writes it. */
export function clock(time: Date): string {
  return time.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

/** Return how long something still takes: `45 s left`, `3 min left`, `2 h 5 min left`. */
export function timeLeft(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s left`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min left`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min left`;
}

/** Return a share of 1 as a percentage: `0.875` is `88 %`. */
export function percentage(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** Return a status as words: `in_progress` is `in progress`. */
export function words(name: string): string {
  return name.replaceAll("_", " ");
}

/** Return a link's address when it leads to the web; undefined for any other scheme. */
export function webAddress(address: string | null | undefined): string | undefined {
  return address && /^https?:\/\//i.test(address) ? address : undefined;
}
