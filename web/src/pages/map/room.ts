// How much room the screen has.

import { useSyncExternalStore } from "react";
import type { Room } from "./layout";

const NARROW = window.matchMedia("(max-width: 48rem)");
const WIDE = window.matchMedia("(min-width: 100rem)");

function onChange(changed: () => void): () => void {
  for (const query of [NARROW, WIDE]) query.addEventListener("change", changed);
  return () => {
    for (const query of [NARROW, WIDE]) query.removeEventListener("change", changed);
  };
}

/** How much room there is by now. */
export function useRoom(): Room {
  return useSyncExternalStore(onChange, () => (NARROW.matches ? "narrow" : WIDE.matches ? "wide" : "medium"));
}
