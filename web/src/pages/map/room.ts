// How much room the screen has for the map.

import { useSyncExternalStore } from "react";
import type { Room } from "./layout";

const NARROW = window.matchMedia("(max-width: 48rem)");
const WIDE = window.matchMedia("(min-width: 100rem)");
/** What stands around the map, and what may stand beside it. */
const AROUND = { width: 270, height: 180 };
const PANEL = 352;

function onChange(changed: () => void): () => void {
  for (const query of [NARROW, WIDE]) query.addEventListener("change", changed);
  return () => {
    for (const query of [NARROW, WIDE]) query.removeEventListener("change", changed);
  };
}

/** Whether the screen is a phone's, a laptop's or a wide one, by now. */
export function useScreen(): "narrow" | "medium" | "wide" {
  return useSyncExternalStore(onChange, () => (NARROW.matches ? "narrow" : WIDE.matches ? "wide" : "medium"));
}

/** The room for the map on this screen; `beside` says that something stands beside it. */
export function room(beside: boolean): Room {
  return {
    width: window.innerWidth - AROUND.width - (beside ? PANEL : 0),
    height: window.innerHeight - AROUND.height,
    narrow: NARROW.matches,
  };
}
