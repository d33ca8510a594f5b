import { describe, expect, it } from "vitest";
import type { Port } from "../api/client";
import { matches } from "./filter";

const web = {
  name: "web-1",
  mac: "02:00:00:00:00:01",
  kind: "container",
  host: "h1",
  groups: ["web"],
  labels: { app: "web" },
  network: "DockerSN",
  project: "shop",
  workload: { image: "nginx:1.27" },
  fixed_ips: [{ address: "192.168.200.7" }],
  status: { state: "up" },
} as unknown as Port;

describe("the filter", () => {
  it.each([
    "",
    "web",
    "200.7",
    "nginx",
    "host:h1",
    "state:up group:web",
    "label:app",
    "label:app=web",
    "WEB",
  ])("finds it by %j", (words) => expect(matches(web, words)).toBe(true));

  it.each(["db", "host:h2", "web state:down", "label:app=db", "group:we"])(
    "does not find it by %j",
    (words) => expect(matches(web, words)).toBe(false),
  );
});
