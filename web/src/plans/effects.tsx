// What a change does, or did: who reaches whom, and which fields of which objects.

import type { ReactNode } from "react";
import type { ObjectChange, Plan } from "../api/client";
import { fieldTold, noun } from "./words";

/** What opens and closes, a sentence each. */
export function Shifts({ reachability }: { reachability: Plan["reachability"] }) {
  const { sentences, left_out } = reachability;
  if (sentences.length === 0) return <p>Everybody reaches just whom they reached before.</p>;
  return (
    <ul className="shifts">
      {sentences.map((sentence) => (
        <li key={sentence} className={sentence.startsWith("opens") ? "opens" : "closes"}>
          {sentence}
        </li>
      ))}
      {left_out > 0 && <li className="quiet">and {left_out} more differences</li>}
    </ul>
  );
}

const MARKS: Record<string, string> = { create: "+", change: "~", remove: "−" };
const VERBS: Record<string, string> = { create: "new", change: "changed", remove: "gone" };

interface ObjectsProps {
  objects: ObjectChange[];
  /** What stands beside the name of each. */
  more?: (one: ObjectChange) => ReactNode;
}

/** What becomes of each object, field by field. */
export function Objects({ objects, more }: ObjectsProps) {
  return (
    <ul className="objects">
      {objects.map((one) => (
        <li key={`${one.kind} ${one.project} ${one.id ?? one.name} ${one.action}`}>
          <code aria-hidden="true">{MARKS[one.action] ?? one.action}</code>{" "}
          <span className="hidden">{VERBS[one.action]}: </span>
          {noun(one.kind)} <strong>{one.name}</strong> {more?.(one)}
          <Fields one={one} />
        </li>
      ))}
    </ul>
  );
}

/** The fields that are different; that a new object has a new name was said already. */
function Fields({ one }: { one: ObjectChange }) {
  const fields = one.fields.filter(({ field }) => one.action === "change" || field !== "name");
  if (fields.length === 0) return null;
  return (
    <dl>
      {fields.map((field) => (
        <div className="row" key={field.field}>
          <dt>{field.field.replaceAll("_", " ")}</dt>
          <dd>
            {fieldTold(field).map(({ mark, words }) => (
              <div key={`${mark} ${words}`}>
                <code>{mark}</code> {words}
              </div>
            ))}
          </dd>
        </div>
      ))}
    </dl>
  );
}
