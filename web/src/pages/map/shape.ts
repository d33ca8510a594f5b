// How the screen is held.

import { useSyncExternalStore } from "react";

const UPRIGHT = "(orientation: portrait)";

function onTurn(turned: () => void): () => void {
  const query = window.matchMedia(UPRIGHT);
  query.addEventListener("change", turned);
  return () => query.removeEventListener("change", turned);
}

/** How the screen is held, by now. */
export function useShape(): "portrait" | "landscape" {
  return useSyncExternalStore(onTurn, () => (window.matchMedia(UPRIGHT).matches ? "portrait" : "landscape"));
}
