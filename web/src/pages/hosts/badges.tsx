// How a host is, in colour and in words.

import type { Host } from "../../api/client";
import { healthOf, healthState, healthWords } from "./health";

/** Whether the host is heard of. */
export function Alive({ host: { status } }: { host: Host }) {
  const seen =
    status.last_seen === null ? "never seen" : `last seen ${new Date(status.last_seen).toLocaleString()}`;
  return <span className={`state ${status.alive ? "up" : "failed"}`}>{status.alive ? "alive" : seen}</span>;
}

/** What doctor found there. */
export function HealthBadge({ host }: { host: Host }) {
  const health = healthOf(host);
  return <span className={`state ${healthState(health)}`}>{healthWords(health)}</span>;
}
