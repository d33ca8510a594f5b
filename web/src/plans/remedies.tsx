// What would turn a verdict, and the way from there to a plan.

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Explanation, Port, Remedy } from "../api/client";
import { groupsQuery, policiesQuery, projectsQuery } from "../api/queries";
import { ReceiptLine } from "../parts/receipt";
import { remedyDescribed } from "./describe";
import { PlanDialog } from "./dialog";

interface RemediesProps {
  answer: Explanation;
  port: Port;
}

export function Remedies({ answer, port }: RemediesProps) {
  const [picked, setPicked] = useState<Remedy | null>(null);
  const [revision, setRevision] = useState<number | null>(null);
  return (
    <>
      {answer.remedies.length > 0 && (
        <>
          <h4>What would {answer.passes ? "end" : "allow"} it</h4>
          <ul className="remedies">
            {answer.remedies.map((remedy) => (
              <li key={remedy.text}>
                {remedy.text} <small>{sideEffects(remedy)}</small>{" "}
                <button type="button" onClick={() => setPicked(remedy)}>
                  See the plan<span className="hidden">: {remedy.text}</span>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
      {revision !== null && (
        <p>
          Applied. <ReceiptLine revision={revision} />
        </p>
      )}
      {picked !== null && (
        <RemedyDialog
          remedy={picked}
          port={port}
          onClose={() => setPicked(null)}
          onApplied={(made) => {
            setPicked(null);
            setRevision(made);
          }}
        />
      )}
    </>
  );
}

/** As in: opens 2 pairs, closes none. */
export function sideEffects({ opened, closed }: Remedy): string {
  const pairs = (count: number) => (count === 1 ? "1 pair" : `${count || "no"} pairs`);
  return `opens ${pairs(opened)}, closes ${pairs(closed)}`;
}

interface RemedyDialogProps {
  remedy: Remedy;
  port: Port;
  onClose: () => void;
  onApplied: (revision: number) => void;
}

function RemedyDialog({ remedy, port, onClose, onApplied }: RemedyDialogProps) {
  const projects = useQuery(projectsQuery).data;
  const policies = useQuery(policiesQuery()).data;
  const groups = useQuery(groupsQuery()).data;
  const text =
    projects && policies && groups && remedyDescribed(remedy, { projects, policies, groups }, port.project);
  const gone = text === undefined && projects && policies && groups;
  return (
    <PlanDialog asked={text === undefined ? null : { text }} onClose={onClose} onApplied={onApplied}>
      <p>{remedy.text}</p>
      {gone && <p className="bad">What it is about has changed meanwhile: ask again.</p>}
    </PlanDialog>
  );
}
