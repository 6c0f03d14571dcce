// How numbers of the statistics are written.

/** Return a whole number with its thousands apart: `12,345`. */
export function amount(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** Return a rate, with the digits that matter: `0.4/s`, `120/s`. */
export function rate(value: number): string {
  return `${Number(value.toPrecision(value < 10 ? 2 : 3)).toLocaleString("en")}/s`;
}

/** Return a duration of milliseconds: `85 ms`, `1.2 s`. */
export function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Return dollars: cents from ten cents on, below that two digits that matter. */
export function dollars(value: number): string {
  if (value >= 0.1 || value === 0) {
    return `$${value.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  }
  return `$${value.toLocaleString("en", { maximumSignificantDigits: 2 })}`;
}

/** Return what would have been saved, at least and at most. */
export function savings([least = 0, most = 0]: readonly number[]): string {
  const texts = [...new Set([least, most].map(dollars))];
  return `${texts.join(" to ")} of the cost so far`;
}

/** Return how long something has been: `45 s`, `12 min`, `3 h 20 min`, `4 days`. */
export function since(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}
