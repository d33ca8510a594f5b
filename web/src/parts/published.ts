// What of an endpoint is published under a port of its host, in words. Pure.

import type { Port } from "../api/client";

type Published = Port["published"][number];

/** As in: tcp/8080 of h1 leads to its port 80. */
export function publishedWords(one: Published, { host }: Port): string {
  const at = one.host_address === null ? (host ?? "its host") : one.host_address;
  return `${one.protocol}/${one.host_port} of ${at} leads to its port ${one.port}`;
}

/** As in: tcp/8080 and 2 more; nothing for an endpoint that publishes nothing. */
export function publishedBriefly({ published }: Pick<Port, "published">): string {
  const [first] = published;
  if (first === undefined) return "";
  const more = published.length > 1 ? ` and ${published.length - 1} more` : "";
  return `${first.protocol}/${first.host_port}${more}`;
}
