// Our own icons, drawn on a 24-unit grid; each stands beside a word, so none has to speak alone.

const SHAPES = {
  container: "M4 8l8-4 8 4v8l-8 4-8-4z M4 8l8 4 8-4 M12 12v8",
  vm: "M3 5h18v11H3z M8 20h8 M12 16v4",
  baremetal: "M4 4h16v6H4z M4 14h16v6H4z M8 7h.01 M8 17h.01",
  network: "M4 12h16 M8 12V6 M16 12V6 M12 12v6 M8 6h.01 M16 6h.01 M12 18h.01",
  router: "M12 21a9 9 0 100-18 9 9 0 000 18z M8 12h8 M13 9l3 3-3 3 M11 9l-3 3 3 3",
  policy: "M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6z M9 12l2 2 4-4",
  group:
    "M8 11a3 3 0 100-6 3 3 0 000 6z M16 11a3 3 0 100-6 3 3 0 000 6z M2 20c0-4 3-6 6-6s6 2 6 6 M14 15c4-1 8 1 8 5",
  gauge: "M4 17a8 8 0 1116 0 M12 17l4-5",
  host: "M4 4h16v5H4z M4 11h16v5H4z M12 16v4 M6 20h12",
  project: "M3 6h7l2 3h9v10H3z",
  clock: "M12 21a9 9 0 100-18 9 9 0 000 18z M12 7v5l3 3",
  map: "M9 4L3 7v13l6-3 6 3 6-3V4l-6 3z M9 4v13 M15 7v13",
  plus: "M12 5v14 M5 12h14",
  close: "M6 6l12 12 M18 6L6 18",
  search: "M10 17a7 7 0 100-14 7 7 0 000 14z M15 15l6 6",
  up: "M12 19V5 M6 11l6-6 6 6",
  down: "M12 5v14 M6 13l6 6 6-6",
  lock: "M6 11h12v9H6z M8 11V8a4 4 0 018 0v3 M12 15v2",
  lint: "M5 4h10v6 M5 4v16h6 M8 8h4 M8 12h3 M16 19a3.5 3.5 0 100-7 3.5 3.5 0 000 7z M18.5 18l2.5 2.5",
  outside: "M12 21a9 9 0 100-18 9 9 0 000 18z M3 12h18 M12 3c3 3 3 15 0 18 M12 3c-3 3-3 15 0 18",
  plug: "M9 3v5 M15 3v5 M6 8h12v4a6 6 0 01-12 0z M12 18v3",
  key: "M8 16a4 4 0 100-8 4 4 0 000 8z M12 12h9 M18 12v4",
  grip: "M9 6h.01 M15 6h.01 M9 12h.01 M15 12h.01 M9 18h.01 M15 18h.01",
} as const;

export type IconName = keyof typeof SHAPES;

export function Icon({ name, title }: { name: IconName; title?: string }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 24 24"
      role={title === undefined ? undefined : "img"}
      aria-hidden={title === undefined}
      aria-label={title}
    >
      <path d={SHAPES[name]} />
    </svg>
  );
}
