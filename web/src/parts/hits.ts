// What a line of policy says and how much it matched, in words. Unknown is never said to be nothing. Pure.

import type { Matched } from "../api/client";

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** As in: 3 packets, 300 B, last 9:41:02; `unknown` is not zero. */
export function hitsWords({ packets, bytes, last_hit_at }: Matched): string {
  if (packets === null) return "hits unknown";
  if (packets === 0) return "no hit yet";
  const counted = `${packets.toLocaleString()} ${packets === 1 ? "packet" : "packets"}`;
  const size = bytes === null ? "" : `, ${sizeWords(bytes)}`;
  return `${counted}${size}${last_hit_at === null ? "" : `, last ${new Date(last_hit_at).toLocaleString()}`}`;
}

/** As in: 1.5 MB. */
export function sizeWords(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${size < 10 && unit > 0 ? size.toFixed(1) : Math.round(size)} ${UNITS[unit]}`;
}

/** Which rules were counted as one, by their numbers; nothing for a rule that is counted apart. */
export function togetherWords(numbers: number[]): string {
  const [first] = numbers;
  const last = numbers.at(-1);
  return first === undefined || first === last ? "" : ` (rules ${first}–${last} together)`;
}

/** What whoever reads the numbers has to know. */
export function caveats({ precision_s, silent }: { precision_s: number; silent: string[] }): string {
  const missing =
    silent.length === 0 ? "" : ` Missing is what ${silent.join(", ")} matched: no report for minutes.`;
  return (
    `Hits are of all whom a rule is for. Hosts look every ${precision_s} s; ` +
    `answers within a connection are not counted.${missing}`
  );
}

/** What a network's default did, from the name that the API has for it. */
export function defaultWords(what: string): string {
  if (what.endsWith("-drop")) return "dropped";
  const version = /-ip(4|6)$/.exec(what)?.[1];
  return version === undefined ? "let pass" : `let pass over IPv${version}`;
}

/** What follows the action of a line, as in: tcp/22 from group web. Under a heading that tells its direction. */
export function lineWords({ action, text }: { action: string; text: string }): string {
  return text
    .replace(new RegExp(`^${action} (ingress|egress) `), "")
    .replace(/^any /, "any traffic ")
    .replace(/ (from|to) any$/, " $1 anyone");
}
