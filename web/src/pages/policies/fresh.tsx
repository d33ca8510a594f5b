// A policy that is yet to be made: a draft from its name on, and one plan for all of it.

import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useSearchParams } from "wouter";
import type { Policy } from "../../api/client";
import { projectsQuery } from "../../api/queries";
import { useProject } from "../../app";
import { PolicyView } from "./view";

export function NewPolicy() {
  const projects = useQuery(projectsQuery).data ?? [];
  const wanted = useProject();
  const [, setSearch] = useSearchParams();
  const project = projects.find((one) => one.name === (wanted ?? "default")) ?? projects[0];
  const policy = useMemo<Policy | undefined>(
    () =>
      project && {
        id: "",
        project_id: project.id,
        project: project.name,
        name: "",
        description: "",
        tier: "project",
        order: 1000,
        target: null,
        target_network: null,
        target_zone: null,
        mode: "enforced",
        rules: [],
        revision: 0,
      },
    [project],
  );
  if (policy === undefined) return <p className="quiet">One moment…</p>;
  return (
    <div>
      {wanted === undefined && projects.length > 1 && (
        <label>
          In project{" "}
          <select value={policy.project} onChange={(event) => setSearch({ project: event.target.value })}>
            {projects.map((one) => (
              <option key={one.id}>{one.name}</option>
            ))}
          </select>
        </label>
      )}
      <PolicyView key={policy.project_id} policy={policy} mayChange />
    </div>
  );
}
