import { useQuery } from "@tanstack/react-query";
import { Link, useLocation, useSearchParams } from "wouter";
import { api, body } from "../../api/client";
import { useProject } from "../../app";
import { Objects, Shifts } from "../../plans/effects";

/** The model as it was at a revision or a time: its text, who reached whom, and what is different now. */
export default function ThenPage({ moment }: { moment: string }) {
  const [, go] = useLocation();
  const at = decodeURIComponent(moment);
  return (
    <article>
      <h1>The model as it was</h1>
      <form
        className="tools filters"
        onSubmit={(event) => {
          event.preventDefault();
          const asked = String(new FormData(event.currentTarget).get("at") ?? "").trim();
          if (asked !== "") go(`/changes/at/${encodeURIComponent(asked)}`);
        }}
      >
        <label>
          At <input name="at" defaultValue={at} size={18} />
        </label>
        <button type="submit">Show</button>
        <small>a revision, or a time in UTC: 12, 2026-11-27, 2026-11-27T21:00</small>
      </form>
      <Since at={at} />
      <ReachThen at={at} />
      <Text at={at} />
    </article>
  );
}

function Refused({ error }: { error: Error | null }) {
  return error === null ? null : (
    <p className="bad" role="alert">
      {error.message}
    </p>
  );
}

/** What became different since. */
function Since({ at }: { at: string }) {
  const found = useQuery({
    queryKey: ["revisions", "diff", at],
    queryFn: () => body(api.GET("/api/v1/diff", { params: { query: { old: at } } })),
    retry: false,
  });
  if (found.data === undefined) return <Refused error={found.error} />;
  const { old, objects, reachability } = found.data;
  return (
    <section>
      <p>
        <Link href={`/changes/${old.revision}`}>Revision {old.revision}</Link>, made by {old.author},{" "}
        {new Date(old.at).toLocaleString()}.
      </p>
      <h2>What is different now</h2>
      {objects.length === 0 ? (
        <p>Nothing.</p>
      ) : (
        <>
          <Shifts reachability={reachability} />
          <details>
            <summary>The objects that are different ({objects.length})</summary>
            <Objects
              objects={objects.map((one) => one.object)}
              more={(one) => {
                const last = objects.find((each) => each.object === one)?.last;
                return (
                  last !== undefined && (
                    <small>
                      last by {last.author} in <Link href={`/changes/${last.revision}`}>{last.revision}</Link>
                    </small>
                  )
                );
              }}
            />
          </details>
        </>
      )}
    </section>
  );
}

/** `web-1`, `group:web` and `network:front` as the API takes them; nothing is everybody. */
export function sideIn(text: string): { port: string } | { group: string } | { network: string } | undefined {
  const [kind, ...rest] = text.trim().split(":");
  const name = rest.join(":");
  if (text.trim() === "") return undefined;
  if (kind === "group") return { group: name };
  return kind === "network" ? { network: name } : { port: text.trim() };
}

function ReachThen({ at }: { at: string }) {
  const project = useProject();
  const [search, setSearch] = useSearchParams();
  const from = search.get("from") ?? "";
  const to = search.get("to") ?? "";
  const found = useQuery({
    queryKey: ["reach", "then", at, from, to, project],
    queryFn: () =>
      body(
        api.POST("/api/v1/reach", {
          body: { at, project, source: sideIn(from), destination: sideIn(to) },
        }),
      ),
    retry: false,
  });
  return (
    <section>
      <h2>Who reached whom</h2>
      <form
        className="tools filters"
        onSubmit={(event) => {
          event.preventDefault();
          const said = new FormData(event.currentTarget);
          setSearch((old) => {
            const next = new URLSearchParams(old);
            for (const key of ["from", "to"]) next.set(key, String(said.get(key) ?? "").trim());
            return next;
          });
        }}
      >
        <label>
          From <input name="from" defaultValue={from} placeholder="everybody" size={14} />
        </label>
        <label>
          To <input name="to" defaultValue={to} placeholder="everybody" size={14} />
        </label>
        <button type="submit">Ask</button>
        <small>an endpoint, group:NAME or network:NAME</small>
      </form>
      <Refused error={found.error} />
      {found.data?.sentences.length === 0 && <p className="quiet">Nobody.</p>}
      <ul>
        {found.data?.sentences.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      {(found.data?.left_out ?? 0) > 0 && (
        <p className="quiet">and {found.data?.left_out} more kinds of traffic</p>
      )}
    </section>
  );
}

function Text({ at }: { at: string }) {
  const project = useProject();
  const found = useQuery({
    queryKey: ["then", at, project],
    queryFn: () => body(api.GET("/api/v1/description", { params: { query: { at, project } } })),
    retry: false,
  });
  return (
    <section>
      <h2>What was declared</h2>
      <Refused error={found.error} />
      {found.data !== undefined && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
        <section className="declared" tabIndex={0} aria-label="The model as a description">
          <pre>{found.data.text}</pre>
        </section>
      )}
    </section>
  );
}
