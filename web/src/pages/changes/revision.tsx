import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { api, body, type ObjectChange } from "../../api/client";
import { useSession } from "../../api/queries";
import { useNewsHere } from "../../app";
import { ReceiptLine } from "../../parts/receipt";
import { Objects, Shifts } from "../../plans/effects";
import { PlanSheet } from "../../plans/sheet";
import { changesTold } from "../../plans/words";

/** One revision: who made it, what it changed and opened, and taking it back. */
export default function RevisionPage({ revision }: { revision: number }) {
  const newest = useNewsHere().revision;
  const mayChange = useSession()?.role !== "viewer";
  const [reverting, setReverting] = useState(false);
  const [, go] = useLocation();
  const found = useQuery({
    queryKey: ["revision", revision], // it is what it is: no news makes it stale
    queryFn: () => body(api.GET("/api/v1/revisions/{revision}", { params: { path: { revision } } })),
    retry: false,
  });
  if (found.isPending) return <p className="quiet">One moment…</p>;
  if (found.data === undefined) {
    return (
      <>
        <h1>Revision {revision} cannot be shown</h1>
        <p role="alert">
          {found.error?.message} <Link href="/changes">To the changes</Link>
        </p>
      </>
    );
  }
  const { moment, changes, objects, reachability } = found.data;
  const last = Math.max(newest, found.data.newest);
  return (
    <article>
      <h1>Revision {revision}</h1>
      <p>
        By <Link href={`/changes?author=${encodeURIComponent(moment.author)}`}>{moment.author}</Link>,{" "}
        {new Date(moment.at).toLocaleString()}. <ReceiptLine revision={revision} />
      </p>
      <p className="pager">
        {revision > 1 && <Link href={`/changes/${revision - 1}`}>Revision {revision - 1}</Link>}
        {revision < last && <Link href={`/changes/${revision + 1}`}>Revision {revision + 1}</Link>}
        <Link href={`/changes/at/${revision}`}>The model as it was then</Link>
      </p>
      <section>
        <h2>Who reaches whom</h2>
        <Shifts reachability={reachability} />
      </section>
      <section>
        <h2>What changed</h2>
        {objects.length === 0 ? (
          <p>{changesTold(changes, changes.length)}</p>
        ) : (
          <Objects objects={objects} more={(one) => <ItsChanges one={one} changes={changes} />} />
        )}
      </section>
      {mayChange && !reverting && (
        <p>
          <button type="button" onClick={() => setReverting(true)}>
            Take it back…
          </button>
        </p>
      )}
      {reverting && (
        <PlanSheet
          asked={{ revert: revision }}
          onDiscard={() => setReverting(false)}
          onApplied={(made) => go(`/changes/${made}`)}
        />
      )}
    </article>
  );
}

interface ItsChangesProps {
  one: ObjectChange;
  changes: { id: string; kind: string; name: string }[];
}

/** The way to all that became of an object. */
function ItsChanges({ one, changes }: ItsChangesProps) {
  const id = changes.find((change) => change.kind === one.kind && change.name === one.name)?.id;
  return id === undefined ? null : (
    <Link href={`/changes?object=${id}`}>
      all its changes<span className="hidden"> of {one.name}</span>
    </Link>
  );
}
